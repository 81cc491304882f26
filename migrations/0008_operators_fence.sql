ALTER TABLE "tenant_quotas" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "tenant_quotas" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint

-- A workspace reads its limits; only operators set them. What operators did is added to and read, never rewritten.
GRANT SELECT ON "tenant_quotas" TO patchbay_app;--> statement-breakpoint
GRANT INSERT, UPDATE ON "tenant_quotas" TO patchbay_system;--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON "operators" TO patchbay_system;--> statement-breakpoint
GRANT SELECT, INSERT ON "operator_events" TO patchbay_system;--> statement-breakpoint

-- Deleting a workspace shreds all of its rows; inside a workspace nobody can.
GRANT SELECT, DELETE ON "api_keys", "audit_events", "connectors", "idempotency_keys", "tenant_keys", "tenant_quotas" TO patchbay_system;--> statement-breakpoint

-- A hub from before there were operators: whoever set it up is the first.
INSERT INTO "operators" ("user_id") SELECT "user_id" FROM "members" WHERE "role" = 'owner' ORDER BY "created_at", "id" LIMIT 1;--> statement-breakpoint

-- The clock stands still for a suspended workspace.
CREATE OR REPLACE FUNCTION "due_connector_purges"(older_than interval, max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connectors c JOIN public.organizations o ON o.id = c.tenant_id
  WHERE c.deleted_at IS NOT NULL AND c.deleted_at < now() - older_than AND o.suspended_at IS NULL
  ORDER BY c.deleted_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "due_idempotency_purges"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id FROM public.idempotency_keys k JOIN public.organizations o ON o.id = k.tenant_id
  WHERE k.expires_at < now() AND o.suspended_at IS NULL ORDER BY k.expires_at LIMIT max_rows
$$;
