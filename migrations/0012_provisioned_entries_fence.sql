ALTER TABLE "tenant_entries" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "tenant_entries" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint

-- Workspaces read what they may install; only operators set it. Secrets of applications stand in hub_secrets.
GRANT SELECT ON "provisioned_entries", "tenant_entries" TO patchbay_app;--> statement-breakpoint
GRANT INSERT, UPDATE ON "provisioned_entries" TO patchbay_system;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_entries" TO patchbay_system;--> statement-breakpoint
GRANT DELETE ON "hub_secrets" TO patchbay_system;
