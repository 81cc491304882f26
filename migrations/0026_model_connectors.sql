ALTER TABLE "api_keys" ADD COLUMN "model_connector_id" uuid;--> statement-breakpoint
ALTER TABLE "tenant_settings" ADD COLUMN "default_model_connector_id" uuid;--> statement-breakpoint
DROP FUNCTION "find_api_key"(text);--> statement-breakpoint
CREATE FUNCTION "find_api_key"(key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, hash text, role text, scopes jsonb, maker_role text, model_connector_id uuid, used_ago double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id, k.name, k.hash, k.role, k.scopes, m.role, k.model_connector_id,
    extract(epoch FROM now() - k.last_used_at)::float8
  FROM public.api_keys k
  JOIN public.members m ON m.id = k.member_id AND m.organization_id = k.tenant_id AND m.user_id = k.created_by
  WHERE k.hash = key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "find_api_key"(text) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "find_api_key"(text) TO patchbay_system;--> statement-breakpoint
-- Which connectors something other than people manages, in whatever tenant: what the operator no longer sets has to be found.
CREATE FUNCTION "managed_connectors"(manager text)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.connectors c WHERE c.managed_by = manager AND c.deleted_at IS NULL
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "managed_connectors"(text) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "managed_connectors"(text) TO patchbay_system;
