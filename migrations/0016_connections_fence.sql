-- The fences of what connections bring, as for every table of tenants.
ALTER TABLE "authorization_requests" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "authorization_requests" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "connections" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "connections" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "credentials" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "credentials" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "executions" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "executions" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "health_checks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "health_checks" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "repositories" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "repositories" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "tenant_settings" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "tenant_settings" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "webhook_deliveries" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "webhook_deliveries" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "webhooks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "webhooks" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint

-- Inside a tenant. Histories are added to and finished, never removed by requests.
GRANT SELECT, INSERT, UPDATE, DELETE ON "connections", "credentials", "authorization_requests", "repositories", "webhooks", "webhook_deliveries" TO patchbay_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "executions", "tenant_settings" TO patchbay_app;--> statement-breakpoint
GRANT SELECT, INSERT ON "health_checks" TO patchbay_app;--> statement-breakpoint

-- Outside of tenants: what is exported, counted and reported when a workspace ends.
GRANT SELECT ON "authorization_requests", "connections", "credentials", "executions", "health_checks", "repositories", "tenant_settings", "webhook_deliveries", "webhooks" TO patchbay_system;--> statement-breakpoint

-- Jobs learn which rows of which tenants are due, and nothing more. The clock stands still for a suspended workspace.
CREATE FUNCTION "due_health_checks"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connections c JOIN public.organizations o ON o.id = c.tenant_id
  JOIN public.connectors k ON k.tenant_id = c.tenant_id AND k.id = c.connector_id
  WHERE c.next_check_at <= now() AND c.status IN ('active', 'expired') AND k.status <> 'inactive' AND k.deleted_at IS NULL AND o.suspended_at IS NULL
  ORDER BY c.next_check_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "due_refreshes"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connections c JOIN public.organizations o ON o.id = c.tenant_id
  JOIN public.connectors k ON k.tenant_id = c.tenant_id AND k.id = c.connector_id
  WHERE c.refresh_after <= now() AND c.status = 'active' AND (c.refresh_claimed_until IS NULL OR c.refresh_claimed_until < now()) AND k.deleted_at IS NULL AND o.suspended_at IS NULL
  ORDER BY c.refresh_after LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "due_authorization_expiries"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.authorization_requests c JOIN public.organizations o ON o.id = c.tenant_id
  WHERE c.status = 'pending' AND c.expires_at < now() AND o.suspended_at IS NULL
  ORDER BY c.expires_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "due_webhook_deliveries"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.webhook_deliveries c JOIN public.organizations o ON o.id = c.tenant_id
  WHERE c.status = 'pending' AND o.suspended_at IS NULL
  ORDER BY c.created_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "due_credential_endings"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.credentials c JOIN public.organizations o ON o.id = c.tenant_id
  WHERE c.state = 'previous' AND c.kept_until < now() AND o.suspended_at IS NULL
  ORDER BY c.kept_until LIMIT max_rows
$$;--> statement-breakpoint
-- A callback knows its request, and a connect link its token, before anybody knows the tenant.
CREATE FUNCTION "authorization_tenant"(request uuid)
RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.tenant_id FROM public.authorization_requests r WHERE r.id = request $$;--> statement-breakpoint
CREATE FUNCTION "connect_link_request"(hash text)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.tenant_id, r.id FROM public.authorization_requests r WHERE r.link_hash = hash $$;--> statement-breakpoint
CREATE FUNCTION "forget_health_checks"(older_than interval, max_rows integer)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM public.health_checks WHERE ctid = ANY (
      ARRAY(SELECT ctid FROM public.health_checks WHERE created_at < now() - greatest(older_than, interval '7 days') LIMIT max_rows))
    RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;--> statement-breakpoint
CREATE FUNCTION "forget_executions"(older_than interval, max_rows integer)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM public.executions WHERE ctid = ANY (
      ARRAY(SELECT ctid FROM public.executions WHERE created_at < now() - greatest(older_than, interval '7 days') LIMIT max_rows))
    RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_health_checks"(integer), "due_refreshes"(integer), "due_authorization_expiries"(integer), "due_webhook_deliveries"(integer), "due_credential_endings"(integer), "authorization_tenant"(uuid), "connect_link_request"(text), "forget_health_checks"(interval, integer), "forget_executions"(interval, integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_health_checks"(integer), "due_refreshes"(integer), "due_authorization_expiries"(integer), "due_webhook_deliveries"(integer), "due_credential_endings"(integer), "authorization_tenant"(uuid), "connect_link_request"(text) TO patchbay_system, patchbay_app;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "forget_health_checks"(interval, integer), "forget_executions"(interval, integer) TO patchbay_system;
