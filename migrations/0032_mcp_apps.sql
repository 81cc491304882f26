CREATE TABLE "mcp_clients" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" varchar(255) NOT NULL,
	"redirect_uris" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "mcp_tokens" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"api_key_id" uuid NOT NULL,
	"kind" varchar(10) NOT NULL,
	"hash" varchar(64) NOT NULL,
	"redirect_uri" varchar(2048),
	"code_challenge" varchar(43),
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mcp_tokens_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "mcp_tokens_kind_known" CHECK ("mcp_tokens"."kind" in ('code', 'access', 'refresh')),
	CONSTRAINT "mcp_tokens_code_bound" CHECK (("mcp_tokens"."kind" = 'code') = ("mcp_tokens"."redirect_uri" is not null and "mcp_tokens"."code_challenge" is not null))
);
--> statement-breakpoint
ALTER TABLE "mcp_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_keys" ALTER COLUMN "hash" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "client_id" uuid;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "client_host" varchar(255);--> statement-breakpoint
ALTER TABLE "mcp_tokens" ADD CONSTRAINT "mcp_tokens_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_tokens" ADD CONSTRAINT "mcp_tokens_api_key" FOREIGN KEY ("tenant_id","api_key_id") REFERENCES "public"."api_keys"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mcp_clients_unused" ON "mcp_clients" USING btree ("created_at") WHERE "mcp_clients"."used_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "mcp_tokens_once" ON "mcp_tokens" USING btree ("tenant_id","hash");--> statement-breakpoint
CREATE INDEX "mcp_tokens_hash" ON "mcp_tokens" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "mcp_tokens_key" ON "mcp_tokens" USING btree ("tenant_id","api_key_id");--> statement-breakpoint
CREATE INDEX "mcp_tokens_expires" ON "mcp_tokens" USING btree ("expires_at");--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_key_or_app" CHECK (("api_keys"."hash" is null) = ("api_keys"."client_id" is not null));--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "mcp_tokens" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
ALTER TABLE "mcp_tokens" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "mcp_tokens" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "mcp_tokens" TO patchbay_app;--> statement-breakpoint
GRANT SELECT ON "mcp_tokens" TO patchbay_system;--> statement-breakpoint
-- Apps register before anybody is signed in, so before there is a tenant.
GRANT SELECT, INSERT, UPDATE, DELETE ON "mcp_clients" TO patchbay_system;--> statement-breakpoint
-- What find_api_key tells of a key, by an access token of an app; with the registration that it was given to.
CREATE FUNCTION "find_mcp_access"(token_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, hash text, role text, scopes jsonb, maker_id uuid, maker_role text, model_connector_id uuid, limits jsonb, used_ago double precision, tenant_name text, suspended_reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id, k.name, t.hash, k.role, k.scopes, k.created_by, m.role, k.model_connector_id, k.limits,
    extract(epoch FROM now() - k.last_used_at)::float8,
    o.name, CASE WHEN o.suspended_at IS NOT NULL THEN coalesce(o.suspended_reason, '') END
  FROM public.mcp_tokens t
  JOIN public.api_keys k ON k.tenant_id = t.tenant_id AND k.id = t.api_key_id
  JOIN public.members m ON m.id = k.member_id AND m.organization_id = k.tenant_id AND m.user_id = k.created_by
  JOIN public.organizations o ON o.id = k.tenant_id
  WHERE t.hash = token_hash AND t.kind = 'access' AND t.expires_at > now()
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;--> statement-breakpoint
-- From the hash of a code or token that somebody has shown to its tenant.
CREATE FUNCTION "mcp_token_tenant"(token_hash text)
RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.tenant_id FROM public.mcp_tokens t WHERE t.hash = token_hash
$$;--> statement-breakpoint
-- Ends apps that hold nothing any more that could be renewed, and forgets what ended more than a day ago: until then, using it again is noticed.
CREATE FUNCTION "forget_mcp_tokens"(max_rows integer)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH ended AS (
    UPDATE public.api_keys k SET revoked_at = now(), revoked_by_name = 'Patchbay'
    WHERE k.client_id IS NOT NULL AND k.revoked_at IS NULL AND NOT EXISTS (
      SELECT FROM public.mcp_tokens t WHERE t.tenant_id = k.tenant_id AND t.api_key_id = k.id AND t.expires_at > now() AND t.used_at IS NULL)
    RETURNING 1),
  gone AS (
    DELETE FROM public.mcp_tokens WHERE ctid = ANY (
      ARRAY(SELECT ctid FROM public.mcp_tokens WHERE expires_at < now() - interval '1 day' LIMIT max_rows))
    RETURNING 1)
  SELECT ((SELECT count(*) FROM ended) + (SELECT count(*) FROM gone))::integer
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "find_mcp_access"(text), "mcp_token_tenant"(text), "forget_mcp_tokens"(integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "find_mcp_access"(text), "mcp_token_tenant"(text), "forget_mcp_tokens"(integer) TO patchbay_system;
