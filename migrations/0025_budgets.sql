CREATE TABLE "budget_reservations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"budget_ids" uuid[] NOT NULL,
	"period_starts" timestamp with time zone[] NOT NULL,
	"amount_nano" bigint NOT NULL,
	"prompt_nano" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "budget_reservations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "budget_reservations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "budgets" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"api_key_id" uuid,
	"connector_id" uuid,
	"period" varchar(10) NOT NULL,
	"limit_nano" bigint NOT NULL,
	"warn_percent" integer,
	"unknown_price" varchar(10) DEFAULT 'refuse' NOT NULL,
	"period_start" timestamp with time zone DEFAULT to_timestamp(0) NOT NULL,
	"spent_nano" bigint DEFAULT 0 NOT NULL,
	"reserved_nano" bigint DEFAULT 0 NOT NULL,
	"warned_for" timestamp with time zone,
	"exceeded_for" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "budgets_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "budgets_once" UNIQUE NULLS NOT DISTINCT("tenant_id","api_key_id","connector_id","period"),
	CONSTRAINT "budgets_one_subject" CHECK ("budgets"."api_key_id" is null or "budgets"."connector_id" is null),
	CONSTRAINT "budgets_period_known" CHECK ("budgets"."period" in ('day', 'month')),
	CONSTRAINT "budgets_unknown_price_known" CHECK ("budgets"."unknown_price" in ('refuse', 'allow')),
	CONSTRAINT "budgets_warn_percent" CHECK ("budgets"."warn_percent" between 1 and 100),
	CONSTRAINT "budgets_counts" CHECK ("budgets"."limit_nano" > 0 and "budgets"."spent_nano" >= 0 and "budgets"."reserved_nano" >= 0)
);
--> statement-breakpoint
ALTER TABLE "budgets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "price_overrides" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"model" varchar(200) NOT NULL,
	"input_usd" numeric(18, 6) NOT NULL,
	"cached_usd" numeric(18, 6),
	"output_usd" numeric(18, 6) NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "price_overrides_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "price_overrides_once" UNIQUE("tenant_id","model","valid_from"),
	CONSTRAINT "price_overrides_positive" CHECK ("price_overrides"."input_usd" >= 0 and "price_overrides"."cached_usd" >= 0 and "price_overrides"."output_usd" >= 0)
);
--> statement-breakpoint
ALTER TABLE "price_overrides" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "budget_reservations" ADD CONSTRAINT "budget_reservations_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_api_key" FOREIGN KEY ("tenant_id","api_key_id") REFERENCES "public"."api_keys"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_overrides" ADD CONSTRAINT "price_overrides_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "budget_reservations_expiry" ON "budget_reservations" USING btree ("expires_at");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "budget_reservations" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "budgets" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "price_overrides" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "budgets" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "budget_reservations" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "price_overrides" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "budgets" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "owner" ON "budget_reservations" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "owner" ON "price_overrides" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "budgets", "budget_reservations", "price_overrides" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "budgets", "budget_reservations", "price_overrides" TO patchbay_system;--> statement-breakpoint
-- What calls held whose process is gone.
CREATE FUNCTION "due_budget_reservations"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.tenant_id, r.id FROM public.budget_reservations r JOIN public.organizations o ON o.id = r.tenant_id
  WHERE r.expires_at < now() AND o.suspended_at IS NULL
  ORDER BY r.expires_at LIMIT max_rows
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_budget_reservations"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_budget_reservations"(integer) TO patchbay_system;
