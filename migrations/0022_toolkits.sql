CREATE TABLE "auth_configs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"toolkit_slug" varchar(100) NOT NULL,
	"scheme" varchar(40) NOT NULL,
	"managed" boolean NOT NULL,
	"settings_hash" varchar(64) NOT NULL,
	"external_id" varchar(255),
	"claimed_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "auth_configs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "auth_configs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "toolkit_cache" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"key" varchar(64) NOT NULL,
	"question" jsonb NOT NULL,
	"value" text NOT NULL,
	"bytes" integer NOT NULL,
	"version" varchar(100),
	"fetched_at" timestamp with time zone NOT NULL,
	"stale_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	"claimed_until" timestamp with time zone,
	CONSTRAINT "toolkit_cache_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "toolkit_cache" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "authorization_requests" ADD COLUMN "auth_config_id" uuid;--> statement-breakpoint
ALTER TABLE "authorization_requests" ADD COLUMN "next_poll_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "authorization_requests" ADD COLUMN "polls" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "auth_config_id" uuid;--> statement-breakpoint
ALTER TABLE "auth_configs" ADD CONSTRAINT "auth_configs_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth_configs" ADD CONSTRAINT "auth_configs_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "toolkit_cache" ADD CONSTRAINT "toolkit_cache_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "toolkit_cache" ADD CONSTRAINT "toolkit_cache_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "auth_configs_once" ON "auth_configs" USING btree ("tenant_id","connector_id","toolkit_slug","scheme","settings_hash");--> statement-breakpoint
CREATE INDEX "auth_configs_external" ON "auth_configs" USING btree ("tenant_id","connector_id","external_id");--> statement-breakpoint
CREATE UNIQUE INDEX "toolkit_cache_key" ON "toolkit_cache" USING btree ("tenant_id","connector_id","key");--> statement-breakpoint
CREATE INDEX "toolkit_cache_used" ON "toolkit_cache" USING btree ("tenant_id","connector_id","used_at");--> statement-breakpoint
CREATE INDEX "toolkit_cache_stale" ON "toolkit_cache" USING btree ("stale_at");--> statement-breakpoint
CREATE INDEX "authorization_requests_poll" ON "authorization_requests" USING btree ("next_poll_at") WHERE next_poll_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "connections_auth_config" ON "connections" USING btree ("tenant_id","connector_id",coalesce("user_id", '00000000-0000-0000-0000-000000000000'::uuid),"toolkit_slug","auth_config_id") WHERE auth_config_id is not null;--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "auth_configs" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "toolkit_cache" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "auth_configs" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "auth_configs" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "toolkit_cache" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "toolkit_cache" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "auth_configs", "toolkit_cache" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "auth_configs", "toolkit_cache" TO patchbay_system;--> statement-breakpoint

-- Cached answers that are in use and will be old within so many seconds, of connectors that work.
CREATE FUNCTION "due_toolkit_refreshes"(ahead_seconds integer, max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.tenant_id, t.id FROM public.toolkit_cache t
  JOIN public.organizations o ON o.id = t.tenant_id
  JOIN public.connectors k ON k.tenant_id = t.tenant_id AND k.id = t.connector_id
  WHERE t.stale_at < now() + make_interval(secs => ahead_seconds) AND t.used_at > now() - interval '6 hours'
    AND (t.claimed_until IS NULL OR t.claimed_until < now())
    AND k.status <> 'inactive' AND k.deleted_at IS NULL AND o.suspended_at IS NULL
  ORDER BY t.stale_at LIMIT max_rows
$$;--> statement-breakpoint
-- Authorisations of which only a broker knows how they went.
CREATE FUNCTION "due_authorization_polls"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.tenant_id, r.id FROM public.authorization_requests r
  JOIN public.organizations o ON o.id = r.tenant_id
  JOIN public.connectors k ON k.tenant_id = r.tenant_id AND k.id = r.connector_id
  WHERE r.next_poll_at <= now() AND r.status = 'pending' AND k.deleted_at IS NULL AND o.suspended_at IS NULL
  ORDER BY r.next_poll_at LIMIT max_rows
$$;--> statement-breakpoint
-- Accounts whose making at a broker was cut off.
CREATE FUNCTION "due_connection_recoveries"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connections c
  JOIN public.organizations o ON o.id = c.tenant_id
  JOIN public.connectors k ON k.tenant_id = c.tenant_id AND k.id = c.connector_id
  WHERE c.status = 'initiated' AND c.updated_at < now() - interval '2 minutes' AND k.deleted_at IS NULL AND o.suspended_at IS NULL
  ORDER BY c.updated_at LIMIT max_rows
$$;--> statement-breakpoint
-- A broker that reports to the hub names a connector before anybody knows the tenant.
CREATE FUNCTION "connector_tenant"(connector uuid)
RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT k.tenant_id FROM public.connectors k WHERE k.id = connector AND k.deleted_at IS NULL $$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "due_toolkit_refreshes"(integer, integer), "due_authorization_polls"(integer), "due_connection_recoveries"(integer), "connector_tenant"(uuid) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "due_toolkit_refreshes"(integer, integer), "due_authorization_polls"(integer), "due_connection_recoveries"(integer), "connector_tenant"(uuid) TO patchbay_system;
