GRANT SELECT, INSERT, UPDATE, DELETE ON "second_factors" TO patchbay_system;--> statement-breakpoint
-- A second factor that is removed takes its sealed secret with it.
GRANT DELETE ON "hub_secrets" TO patchbay_system;
