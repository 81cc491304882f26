CREATE TABLE "imported_operations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"slug" varchar(64) NOT NULL,
	"operation_id" varchar(255),
	"title" varchar(255) NOT NULL,
	"description" text NOT NULL,
	"side_effect" varchar(20) NOT NULL,
	"request" json NOT NULL,
	"input" json NOT NULL,
	"output" json NOT NULL,
	"source" varchar(2048),
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "imported_operations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "imported_operations_side_effect_known" CHECK ("imported_operations"."side_effect" in ('none', 'idempotent', 'write'))
);
--> statement-breakpoint
ALTER TABLE "imported_operations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "imported_operations" ADD CONSTRAINT "imported_operations_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imported_operations" ADD CONSTRAINT "imported_operations_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "imported_operations_slug" ON "imported_operations" USING btree ("tenant_id","connector_id","slug");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "imported_operations" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "imported_operations" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "imported_operations" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "imported_operations" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "imported_operations" TO patchbay_system;
