ALTER TABLE "api_keys" ADD COLUMN "limits" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
-- The look-up gives the limits too.
DROP FUNCTION "find_api_key"(text);--> statement-breakpoint
CREATE FUNCTION "find_api_key"(key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, hash text, role text, scopes jsonb, maker_id uuid, maker_role text, model_connector_id uuid, limits jsonb, used_ago double precision, tenant_name text, suspended_reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id, k.name, k.hash, k.role, k.scopes, k.created_by, m.role, k.model_connector_id, k.limits,
    extract(epoch FROM now() - k.last_used_at)::float8,
    o.name, CASE WHEN o.suspended_at IS NOT NULL THEN coalesce(o.suspended_reason, '') END
  FROM public.api_keys k
  JOIN public.members m ON m.id = k.member_id AND m.organization_id = k.tenant_id AND m.user_id = k.created_by
  JOIN public.organizations o ON o.id = k.tenant_id
  WHERE k.hash = key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "find_api_key"(text) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "find_api_key"(text) TO patchbay_system;
