-- Rows of a tenant are shredded by one function that serves tenants under deletion only: history stays append-only for everybody else.
REVOKE DELETE ON "audit_events", "tenant_keys", "connectors", "idempotency_keys", "api_keys", "tenant_quotas" FROM patchbay_system;--> statement-breakpoint
CREATE FUNCTION "shred_tenant_rows"(table_name text, tenant uuid, max_rows integer)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE gone integer;
BEGIN
  IF NOT EXISTS (SELECT FROM public.organizations o WHERE o.id = tenant AND o.deletion_started_at IS NOT NULL) THEN
    RAISE EXCEPTION 'tenant % is not being deleted', tenant;
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = table_name AND a.attname = 'tenant_id'
  ) THEN
    RAISE EXCEPTION '% is no table of tenants', table_name;
  END IF;
  EXECUTE format(
    'DELETE FROM public.%1$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.%1$I WHERE tenant_id = $1 LIMIT $2))', table_name
  ) USING tenant, max_rows;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "shred_tenant_rows"(text, uuid, integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "shred_tenant_rows"(text, uuid, integer) TO patchbay_system;
