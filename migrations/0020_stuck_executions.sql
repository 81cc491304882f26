CREATE INDEX "executions_running" ON "executions" USING btree ("created_at") WHERE status = 'running';--> statement-breakpoint
-- Executions whose process is gone: no call takes ten minutes.
CREATE FUNCTION "due_stuck_executions"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT e.tenant_id, e.id FROM public.executions e JOIN public.organizations o ON o.id = e.tenant_id
  WHERE e.status = 'running' AND e.created_at < now() - interval '10 minutes' AND o.suspended_at IS NULL
  ORDER BY e.created_at LIMIT max_rows
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_stuck_executions"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_stuck_executions"(integer) TO patchbay_system;
