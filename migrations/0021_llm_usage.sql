CREATE TABLE "llm_usage" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"api_key_id" uuid,
	"operation" varchar(20) NOT NULL,
	"model" varchar(200) NOT NULL,
	"tier" varchar(20),
	"tokens_in" integer NOT NULL,
	"tokens_cached" integer NOT NULL,
	"tokens_out" integer NOT NULL,
	"estimated" boolean NOT NULL,
	"cost_usd" numeric(20, 9),
	"first_token_ms" integer,
	"total_ms" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "llm_usage_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "llm_usage_counts" CHECK ("llm_usage"."tokens_in" >= 0 and "llm_usage"."tokens_cached" >= 0 and "llm_usage"."tokens_out" >= 0)
);
--> statement-breakpoint
ALTER TABLE "llm_usage" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "llm_usage" ADD CONSTRAINT "llm_usage_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "llm_usage_day" ON "llm_usage" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "llm_usage" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "llm_usage" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "llm_usage" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
-- What was spent is written once and stays.
GRANT SELECT, INSERT ON "llm_usage" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "llm_usage" TO patchbay_system;
