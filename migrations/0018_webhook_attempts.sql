ALTER TABLE "webhook_deliveries" ADD COLUMN "due_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "disabled_reason" text;--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "failing_since" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("due_at") WHERE "webhook_deliveries"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_created" ON "webhook_deliveries" USING btree ("created_at");--> statement-breakpoint
CREATE OR REPLACE FUNCTION "due_webhook_deliveries"(max_rows integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM public.webhook_deliveries c JOIN public.organizations o ON o.id = c.tenant_id
  WHERE c.status = 'pending' AND c.due_at <= now() AND o.suspended_at IS NULL
  ORDER BY c.due_at LIMIT max_rows
$$;--> statement-breakpoint
CREATE FUNCTION "forget_webhook_deliveries"(older_than interval, max_rows integer)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM public.webhook_deliveries WHERE ctid = ANY (
      ARRAY(SELECT ctid FROM public.webhook_deliveries
        WHERE status <> 'pending' AND created_at < now() - greatest(older_than, interval '7 days') LIMIT max_rows))
    RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "forget_webhook_deliveries"(interval, integer) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "forget_webhook_deliveries"(interval, integer) TO patchbay_system;
