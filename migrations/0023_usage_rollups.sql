CREATE TABLE "usage_rollups" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"model" varchar(200),
	"tier" varchar(20),
	"api_key_id" uuid,
	"connector_id" uuid NOT NULL,
	"calls" integer NOT NULL,
	"attempts" integer NOT NULL,
	"failures" integer NOT NULL,
	"estimated" integer NOT NULL,
	"unknown_cost" integer NOT NULL,
	"tokens_in" bigint NOT NULL,
	"tokens_cached" bigint NOT NULL,
	"tokens_out" bigint NOT NULL,
	"cost_usd" numeric(30, 9),
	"latency" jsonb,
	"first_token" jsonb,
	CONSTRAINT "usage_rollups_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "usage_rollups_once" UNIQUE NULLS NOT DISTINCT("tenant_id","hour","model","tier","api_key_id","connector_id")
);
--> statement-breakpoint
ALTER TABLE "usage_rollups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "usage_rollups" ADD CONSTRAINT "usage_rollups_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "executions_failed_llm" ON "executions" USING btree ("tenant_id","finished_at") WHERE status in ('failed', 'outcome_unknown') and tool in ('llm.chat', 'llm.embeddings');--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "usage_rollups" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "usage_rollups" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "usage_rollups" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "usage_rollups" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "usage_rollups" TO patchbay_system;--> statement-breakpoint
-- Tenants with calls in closed hours that are not rolled up, or recent enough for rows that came late.
CREATE FUNCTION "due_usage_rollups"()
RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT o.id FROM public.organizations o
  CROSS JOIN LATERAL (
    SELECT CASE WHEN max(r.hour) IS NULL THEN '-infinity'
      ELSE least(max(r.hour) + interval '1 hour', now() - interval '48 hours') END AS since
    FROM public.usage_rollups r WHERE r.tenant_id = o.id) w
  WHERE o.suspended_at IS NULL AND (
    EXISTS (
      SELECT FROM public.llm_usage u WHERE u.tenant_id = o.id AND u.created_at >= w.since
        AND u.created_at < date_trunc('hour', now() - interval '5 minutes', 'UTC'))
    OR EXISTS (
      SELECT FROM public.executions e WHERE e.tenant_id = o.id AND e.finished_at >= w.since
        AND e.finished_at < date_trunc('hour', now() - interval '5 minutes', 'UTC')
        AND e.status IN ('failed', 'outcome_unknown') AND e.tool IN ('llm.chat', 'llm.embeddings')))
$$;--> statement-breakpoint
-- Single calls that are old, and rolled up.
CREATE FUNCTION "forget_llm_usage"(older_than interval, max_rows integer)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM public.llm_usage WHERE ctid = ANY (ARRAY(
      SELECT old.ctid FROM public.organizations o
      CROSS JOIN LATERAL (
        SELECT coalesce(max(r.hour), '-infinity') AS until FROM public.usage_rollups r WHERE r.tenant_id = o.id) rolled
      CROSS JOIN LATERAL (
        SELECT u.ctid FROM public.llm_usage u WHERE u.tenant_id = o.id
          AND u.created_at < least(rolled.until, date_trunc('hour', now() - greatest(older_than, interval '90 days'), 'UTC'))
        LIMIT max_rows) old
      LIMIT max_rows))
    RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_usage_rollups"(), "forget_llm_usage"(interval, integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_usage_rollups"(), "forget_llm_usage"(interval, integer) TO patchbay_system;
