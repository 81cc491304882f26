CREATE TABLE "post_targets" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"post_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"connector_id" uuid NOT NULL,
	"connector_name" varchar(255) NOT NULL,
	"catalog_key" varchar(100) NOT NULL,
	"connection_id" uuid NOT NULL,
	"status" varchar(20) DEFAULT 'waiting' NOT NULL,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"execution_id" uuid,
	"external_id" varchar(255),
	"url" varchar(2048),
	"visibility" varchar(20),
	"error_code" varchar(60),
	"error_message" text,
	"retryable" boolean DEFAULT false NOT NULL,
	"published_at" timestamp with time zone,
	CONSTRAINT "post_targets_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "post_targets_status_known" CHECK ("post_targets"."status" in ('waiting', 'publishing', 'published', 'failed', 'outcome_unknown', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "post_targets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "posts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"content" jsonb NOT NULL,
	"scheduled_at" timestamp with time zone,
	"cancelled_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "posts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "posts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "post_targets" ADD CONSTRAINT "post_targets_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "post_targets" ADD CONSTRAINT "post_targets_post" FOREIGN KEY ("tenant_id","post_id") REFERENCES "public"."posts"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "post_targets_post" ON "post_targets" USING btree ("tenant_id","post_id");--> statement-breakpoint
CREATE INDEX "post_targets_due" ON "post_targets" USING btree ("due_at") WHERE "post_targets"."due_at" is not null;--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "post_targets" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "posts" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "posts" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "posts" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "post_targets" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "post_targets" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "posts", "post_targets" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "posts", "post_targets" TO patchbay_system;--> statement-breakpoint
CREATE FUNCTION "due_post_targets"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.tenant_id, t.id FROM public.post_targets t JOIN public.organizations o ON o.id = t.tenant_id
  WHERE t.due_at <= now() AND t.status IN ('waiting', 'publishing') AND o.suspended_at IS NULL
  ORDER BY t.due_at LIMIT max_rows
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_post_targets"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_post_targets"(integer) TO patchbay_system;
