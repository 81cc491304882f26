CREATE TABLE "provisioned_entries" (
	"catalog_id" uuid PRIMARY KEY NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"oauth_client_id" varchar(255),
	"oauth_scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tenant_entries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"catalog_id" uuid NOT NULL,
	"enabled" boolean NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenant_entries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "tenant_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "provisioned_entries" ADD CONSTRAINT "provisioned_entries_catalog_id_connector_catalog_id_fk" FOREIGN KEY ("catalog_id") REFERENCES "public"."connector_catalog"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_entries" ADD CONSTRAINT "tenant_entries_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_entries" ADD CONSTRAINT "tenant_entries_catalog_id_connector_catalog_id_fk" FOREIGN KEY ("catalog_id") REFERENCES "public"."connector_catalog"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "tenant_entries_once" ON "tenant_entries" USING btree ("tenant_id","catalog_id");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "tenant_entries" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);