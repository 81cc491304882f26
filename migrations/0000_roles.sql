-- patchbay_app: what every tenant transaction runs as. patchbay_system: what the hub may do outside of tenants; it may also do all that
-- patchbay_app may, but without a tenant that is nothing. Roles belong to the whole server, so another database may have made them.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['patchbay_app', 'patchbay_system'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
  IF NOT pg_has_role('patchbay_system', 'patchbay_app', 'MEMBER') THEN
    GRANT patchbay_app TO patchbay_system;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'The login % may not make the roles that Patchbay needs.', current_user
    USING ERRCODE = 'insufficient_privilege',
      HINT = format('Let a superuser run: ALTER ROLE %I CREATEROLE; or: CREATE ROLE patchbay_app; CREATE ROLE patchbay_system; GRANT patchbay_app TO patchbay_system; GRANT patchbay_app, patchbay_system TO %I WITH ADMIN OPTION;', current_user, current_user);
END $$;
