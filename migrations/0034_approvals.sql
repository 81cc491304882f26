CREATE TABLE "approvals" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"tool" varchar(200) NOT NULL,
	"title" varchar(255) NOT NULL,
	"connector_id" uuid NOT NULL,
	"connector_name" varchar(255) NOT NULL,
	"connection_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"key_name" varchar(255) NOT NULL,
	"maker_id" uuid NOT NULL,
	"maker_name" varchar(255) NOT NULL,
	"status" varchar(20) DEFAULT 'pending' NOT NULL,
	"sealed" text,
	"expires_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	"decided_by" uuid,
	"decided_by_name" varchar(255),
	"note" varchar(500),
	"begun_at" timestamp with time zone,
	"result_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "approvals_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "approvals_status_known" CHECK ("approvals"."status" in ('pending', 'approved', 'refused', 'expired', 'withdrawn'))
);
--> statement-breakpoint
ALTER TABLE "approvals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_execution" FOREIGN KEY ("tenant_id","id") REFERENCES "public"."executions"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approvals_waiting" ON "approvals" USING btree ("tenant_id","key_id") WHERE "approvals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_open" ON "approvals" USING btree ("expires_at") WHERE "approvals"."begun_at" is null and "approvals"."sealed" is not null;--> statement-breakpoint
CREATE INDEX "approvals_results" ON "approvals" USING btree ("result_until") WHERE "approvals"."result_until" is not null;--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "approvals" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "approvals" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "approvals" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "approvals" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "approvals" TO patchbay_system;--> statement-breakpoint
-- What was approved and has not begun, what nobody decided about in time, what lost the key, the connector or the account that it
-- needs, and results that were kept long enough.
CREATE FUNCTION "due_approvals"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  (SELECT a.tenant_id, a.id FROM public.approvals a JOIN public.organizations o ON o.id = a.tenant_id
  WHERE a.begun_at IS NULL AND a.sealed IS NOT NULL AND o.suspended_at IS NULL AND (
    a.status = 'approved' OR a.expires_at <= now()
    OR NOT EXISTS (SELECT FROM public.api_keys k
      JOIN public.members m ON m.id = k.member_id AND m.organization_id = k.tenant_id AND m.user_id = k.created_by
      WHERE k.tenant_id = a.tenant_id AND k.id = a.key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()))
    OR NOT EXISTS (SELECT FROM public.connectors c WHERE c.tenant_id = a.tenant_id AND c.id = a.connector_id AND c.deleted_at IS NULL)
    OR NOT EXISTS (SELECT FROM public.connections c WHERE c.tenant_id = a.tenant_id AND c.id = a.connection_id))
  ORDER BY a.expires_at LIMIT max_rows)
  UNION ALL
  (SELECT a.tenant_id, a.id FROM public.approvals a JOIN public.organizations o ON o.id = a.tenant_id
  WHERE a.result_until <= now() AND o.suspended_at IS NULL
  ORDER BY a.result_until LIMIT max_rows)
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_approvals"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_approvals"(integer) TO patchbay_system;
