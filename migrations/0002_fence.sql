-- The owner is fenced as well, but its own policy lets it through: without that its backfills would silently touch nothing.
ALTER TABLE "audit_events" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "connectors" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tenant_keys" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "audit_events" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "owner" ON "connectors" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "owner" ON "idempotency_keys" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "owner" ON "tenant_keys" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint

-- Inside a tenant. Audit events can be added and read, nothing else; data keys are never rewritten by requests.
GRANT SELECT, INSERT ON "audit_events" TO patchbay_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "connectors" TO patchbay_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_keys" TO patchbay_app;--> statement-breakpoint
GRANT SELECT, INSERT ON "tenant_keys" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "connector_catalog" TO patchbay_app;--> statement-breakpoint

-- Outside of tenants. The catalog is written by the seed alone, which runs as the owner.
GRANT SELECT, INSERT, UPDATE, DELETE ON "users", "sessions", "accounts", "verifications", "organizations", "members", "invitations" TO patchbay_system;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "rate_limits" TO patchbay_system;--> statement-breakpoint
GRANT SELECT, INSERT ON "hub_secrets" TO patchbay_system;--> statement-breakpoint
ALTER TABLE "rate_limits" SET UNLOGGED;--> statement-breakpoint

-- Jobs start without a tenant. They learn which rows of which tenants are due, and nothing more.
CREATE FUNCTION "due_connector_purges"(older_than interval, max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connectors c
  WHERE c.deleted_at IS NOT NULL AND c.deleted_at < now() - older_than
  ORDER BY c.deleted_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "due_idempotency_purges"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id FROM public.idempotency_keys k
  WHERE k.expires_at < now() ORDER BY k.expires_at LIMIT max_rows
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_connector_purges"(interval, integer), "due_idempotency_purges"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_connector_purges"(interval, integer), "due_idempotency_purges"(integer) TO patchbay_app;
