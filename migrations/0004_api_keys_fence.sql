ALTER TABLE "api_keys" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "owner" ON "api_keys" TO CURRENT_USER USING (true) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "api_keys" TO patchbay_app;--> statement-breakpoint

-- A request with a key does not know its workspace yet: it finds its one row by the hash, with what the maker may do now.
CREATE FUNCTION "find_api_key"(key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, hash text, role text, scopes jsonb, maker_role text, used_ago double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.tenant_id, k.id, k.name, k.hash, k.role, k.scopes, m.role, extract(epoch FROM now() - k.last_used_at)::float8
  FROM public.api_keys k
  JOIN public.members m ON m.id = k.member_id AND m.organization_id = k.tenant_id AND m.user_id = k.created_by
  WHERE k.hash = key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "find_api_key"(text) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "find_api_key"(text) TO patchbay_system;
