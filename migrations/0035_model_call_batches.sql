-- What a call cost, against every budget that it counts against: those that its slice holds, in the period in which that was taken, and
-- those that were made meanwhile. The slice pays for it, and what is left of a slice that closes is free again. Returns the budgets of
-- whose warning nobody was told in this period.
CREATE FUNCTION "settle_budgets"(tenant uuid, slice uuid, api_key uuid, connector uuid, cost bigint, prompt bigint, closes boolean)
RETURNS SETOF uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  WITH held AS MATERIALIZED (
    SELECT r.holds, CASE WHEN closes THEN r.amount_nano ELSE least(r.amount_nano, cost) END AS freed
    FROM public.budget_reservations r WHERE r.tenant_id = tenant AND r.id = slice FOR UPDATE
  ),
  gone AS (
    DELETE FROM public.budget_reservations r WHERE closes AND r.tenant_id = tenant AND r.id = slice
  ),
  kept AS (
    UPDATE public.budget_reservations r SET amount_nano = r.amount_nano - least(r.amount_nano, cost), prompt_nano = greatest(0, r.prompt_nano - prompt)
    WHERE NOT closes AND r.tenant_id = tenant AND r.id = slice
  ),
  holds AS (
    SELECT u.id AS budget_id, u.began, h.freed FROM held h, jsonb_to_recordset(h.holds) AS u(id uuid, began timestamptz)
  ),
  locked AS MATERIALIZED (
    SELECT b.id, b.period_start, b.spent_nano, b.reserved_nano, coalesce(h.freed, 0) AS freed,
      coalesce(h.began, greatest(b.period_start, date_trunc(b.period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')) AS began
    FROM public.budgets b LEFT JOIN holds h ON h.budget_id = b.id
    WHERE b.tenant_id = tenant AND (h.budget_id IS NOT NULL
      OR (b.api_key_id IS NULL OR b.api_key_id = api_key) AND (b.connector_id IS NULL OR b.connector_id = connector))
    ORDER BY b.id FOR UPDATE OF b
  ),
  counted AS (
    UPDATE public.budgets b SET period_start = greatest(l.period_start, l.began),
      spent_nano = CASE WHEN l.period_start < l.began THEN cost WHEN l.period_start = l.began THEN l.spent_nano + cost ELSE l.spent_nano END,
      reserved_nano = CASE WHEN l.period_start < l.began THEN 0 WHEN l.period_start = l.began THEN greatest(0, l.reserved_nano - l.freed)
        ELSE l.reserved_nano END
    FROM locked l WHERE b.tenant_id = tenant AND b.id = l.id AND (cost > 0 OR l.freed > 0)
    RETURNING b.id, b.period_start, b.spent_nano, b.limit_nano, b.warn_percent, b.warned_for
  )
  SELECT c.id FROM counted c WHERE c.warned_for IS DISTINCT FROM c.period_start AND c.spent_nano * 100 >= c.limit_nano * c.warn_percent;
END
$$;--> statement-breakpoint
-- Writes calls of language models, as many as there are at the moment: that they run, or how they ended, what they used and what that means
-- for budgets. As one statement with a commit of its own, it is one way to the server and back. It runs as the role that sees the rows of
-- this tenant alone. Written again, as when an answer was lost, it changes nothing more. Returns what `settle_budgets` does.
CREATE FUNCTION "record_model_calls"(tenant uuid, calls jsonb)
RETURNS SETOF uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  slices uuid[];
  part record;
BEGIN
  PERFORM set_config('role', 'patchbay_app', true), set_config('app.tenant_id', tenant::text, true);
  INSERT INTO public.executions AS e (tenant_id, id, tool, connector_id, connection_id, status, duration_ms, attempts, error_code,
    error_message, upstream_request_id, input, output, actor_type, actor_id, actor_name, request_id, created_at, finished_at)
  SELECT DISTINCT ON (c.id) tenant, c.id, c.tool, c.connector_id, c.connection_id, c.status, c.duration_ms, c.attempts, c.error_code,
    c.error_message, c.upstream_request_id,
    CASE WHEN c.input IS NOT NULL AND EXISTS (SELECT FROM public.tenant_settings s WHERE s.tenant_id = tenant AND s.keep_payloads) THEN c.input END,
    CASE WHEN c.output IS NOT NULL AND EXISTS (SELECT FROM public.tenant_settings s WHERE s.tenant_id = tenant AND s.keep_payloads) THEN c.output END,
    c.actor_type, c.actor_id, c.actor_name, c.request_id, now() - make_interval(secs => c.elapsed_s),
    CASE WHEN c.status <> 'running' THEN now() END
  FROM jsonb_to_recordset(calls) AS c(id uuid, tool text, connector_id uuid, connection_id uuid, status text, duration_ms integer,
    attempts integer, error_code text, error_message text, upstream_request_id text, input jsonb, output jsonb, actor_type text,
    actor_id uuid, actor_name text, request_id text, elapsed_s float8)
  WHERE c.tool IS NOT NULL
  ORDER BY c.id, c.status = 'running'
  ON CONFLICT (tenant_id, id) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms, attempts = excluded.attempts,
    error_code = excluded.error_code, error_message = excluded.error_message, upstream_request_id = excluded.upstream_request_id,
    output = excluded.output, finished_at = excluded.finished_at
  WHERE e.status = 'running' AND excluded.status <> 'running';

  SELECT array_agg(DISTINCT c.slice) FILTER (WHERE c.slice IS NOT NULL) INTO slices FROM jsonb_to_recordset(calls) AS c(slice uuid);
  IF cardinality(slices) > 1 THEN -- in one order, as everybody else
    PERFORM 1 FROM public.budget_reservations r WHERE r.tenant_id = tenant AND r.id = ANY(slices) ORDER BY r.id FOR UPDATE;
    PERFORM 1 FROM public.budgets b WHERE b.tenant_id = tenant ORDER BY b.id FOR UPDATE;
  END IF;

  FOR part IN
    WITH used AS (
      INSERT INTO public.llm_usage (tenant_id, id, connector_id, api_key_id, operation, model, tier, tokens_in, tokens_cached, tokens_out,
        estimated, cost_usd, price_source, price_input_usd, price_cached_usd, price_output_usd, first_token_ms, total_ms)
      SELECT tenant, u.id, u.connector_id, u.api_key_id, u.operation, u.model, u.tier, u.tokens_in, u.tokens_cached, u.tokens_out,
        u.estimated, u.cost_usd, u.price_source, u.price_input_usd, u.price_cached_usd, u.price_output_usd, u.first_token_ms, u.total_ms
      FROM jsonb_to_recordset(calls) AS u(id uuid, connector_id uuid, api_key_id uuid, operation text, model text, tier text, tokens_in integer,
        tokens_cached integer, tokens_out integer, estimated boolean, cost_usd numeric, price_source text, price_input_usd numeric,
        price_cached_usd numeric, price_output_usd numeric, first_token_ms integer, total_ms integer)
      WHERE u.model IS NOT NULL
      ON CONFLICT DO NOTHING RETURNING id, cost_usd
    )
    SELECT c.slice, c.api_key_id, c.connector_id, coalesce(sum(round(u.cost_usd * 1000000000)), 0)::bigint AS cost,
      coalesce(sum(c.prompt_nano), 0)::bigint AS prompt, coalesce(bool_or(c.closes), false) AS closes
    FROM jsonb_to_recordset(calls) AS c(id uuid, slice uuid, api_key_id uuid, connector_id uuid, prompt_nano bigint, closes boolean)
    LEFT JOIN used u ON u.id = c.id
    GROUP BY c.slice, c.api_key_id, c.connector_id
  LOOP
    IF part.cost > 0 OR part.slice IS NOT NULL THEN
      RETURN QUERY SELECT * FROM public.settle_budgets(tenant, part.slice, part.api_key_id, part.connector_id, part.cost, part.prompt, part.closes);
    END IF;
  END LOOP;
END
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "settle_budgets"(uuid, uuid, uuid, uuid, bigint, bigint, boolean) FROM PUBLIC;--> statement-breakpoint
REVOKE ALL ON FUNCTION "record_model_calls"(uuid, jsonb) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "settle_budgets"(uuid, uuid, uuid, uuid, bigint, bigint, boolean) TO patchbay_app;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "record_model_calls"(uuid, jsonb) TO patchbay_system;
