CREATE TABLE "operator_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"action" varchar(100) NOT NULL,
	"actor_id" uuid,
	"actor_name" varchar(255) NOT NULL,
	"subject_type" varchar(50) NOT NULL,
	"subject_id" uuid,
	"subject_name" varchar(255) NOT NULL,
	"details" jsonb NOT NULL,
	"request_id" varchar(100) NOT NULL,
	"ip" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operators" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tenant_quotas" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"max_connectors" integer,
	"executions_per_hour" integer,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenant_quotas_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "tenant_quotas_positive" CHECK ("tenant_quotas"."max_connectors" >= 0 and "tenant_quotas"."executions_per_hour" >= 0)
);
--> statement-breakpoint
ALTER TABLE "tenant_quotas" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "suspended_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "suspended_reason" varchar(500);--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "deletion_started_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "operators" ADD CONSTRAINT "operators_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_quotas" ADD CONSTRAINT "tenant_quotas_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "operator_events_subject" ON "operator_events" USING btree ("subject_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "tenant_quotas_once" ON "tenant_quotas" USING btree ("tenant_id");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "tenant_quotas" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);