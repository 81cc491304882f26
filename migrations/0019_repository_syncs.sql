CREATE TABLE "repository_syncs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"status" varchar(20) NOT NULL,
	"turn" uuid NOT NULL,
	"error" text,
	"count" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"due_at" timestamp with time zone NOT NULL,
	CONSTRAINT "repository_syncs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "repository_syncs_status_known" CHECK ("repository_syncs"."status" in ('running', 'succeeded', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "repository_syncs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "repository_syncs" ADD CONSTRAINT "repository_syncs_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repository_syncs" ADD CONSTRAINT "repository_syncs_connection" FOREIGN KEY ("tenant_id","connection_id") REFERENCES "public"."connections"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "repository_syncs_once" ON "repository_syncs" USING btree ("tenant_id","connection_id");--> statement-breakpoint
CREATE INDEX "repository_syncs_due" ON "repository_syncs" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "repositories_name" ON "repositories" USING btree ("tenant_id","connection_id","full_name");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "repository_syncs" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "repository_syncs" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "repository_syncs" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "repository_syncs" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "repository_syncs" TO patchbay_system;--> statement-breakpoint

-- Connections of these catalog entries that were never read, or whose next reading is due.
CREATE FUNCTION "due_repository_syncs"(catalog_keys text[], max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connections c
  JOIN public.organizations o ON o.id = c.tenant_id
  JOIN public.connectors k ON k.tenant_id = c.tenant_id AND k.id = c.connector_id
  JOIN public.connector_catalog e ON e.id = k.catalog_id
  LEFT JOIN public.repository_syncs s ON s.tenant_id = c.tenant_id AND s.connection_id = c.id
  WHERE e.key = ANY (catalog_keys) AND c.status = 'active' AND k.status = 'active' AND k.deleted_at IS NULL
    AND o.suspended_at IS NULL AND (s.due_at IS NULL OR s.due_at <= now())
  ORDER BY s.due_at NULLS FIRST LIMIT max_rows
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_repository_syncs"(text[], integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_repository_syncs"(text[], integer) TO patchbay_system;
