import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../src/context.ts';
import { createApiKey } from '../src/services/api-keys/api-keys.ts';
import { rollUpUsage } from '../src/services/usage/usage-rollups.ts';

const days = 35;
const dayMs = 24 * 3_600_000;

/** Who calls what: prices in dollars for a million tokens in, cached and out; none where nobody knows them. */
const kinds = [
  {
    model: 'gpt-4o-mini',
    tier: 'low',
    key: 'Support bot',
    share: 46,
    in: 900,
    out: 220,
    ms: 1_100,
    prices: [0.15, 0.075, 0.6],
  },
  {
    model: 'gpt-4o',
    tier: 'high',
    key: 'Contract reader',
    share: 9,
    in: 6_500,
    out: 700,
    ms: 4_800,
    prices: [2.5, 1.25, 10],
  },
  {
    model: 'gpt-4.1-mini',
    tier: 'medium',
    key: 'Support bot',
    share: 17,
    in: 1_800,
    out: 350,
    ms: 1_900,
    prices: [0.4, 0.1, 1.6],
  },
  {
    model: 'gpt-4.1',
    tier: null,
    key: 'Weekly report',
    share: 5,
    in: 4_200,
    out: 1_500,
    ms: 7_500,
    prices: [2, 0.5, 8],
  },
  {
    model: 'text-embedding-3-small',
    tier: 'embeddings',
    key: 'Search index',
    share: 20,
    in: 480,
    out: 0,
    ms: 180,
    prices: [0.02, 0.02, 0],
  },
  {
    model: 'o4-mini',
    tier: null,
    key: 'Contract reader',
    share: 2.7,
    in: 3_000,
    out: 2_600,
    ms: 14_000,
    prices: [1.1, 0.275, 4.4],
  },
  { model: 'northwind-7b', tier: null, key: null, share: 0.3, in: 700, out: 250, ms: 900, prices: null },
] as const;

/** A few weeks of calls that look like people’s work, the same in each demo; none of them was made. */
export async function seedUsage(ctx: Ctx, connectorId: string): Promise<void> {
  const names = [...new Set(kinds.flatMap(({ key }) => key ?? []))];
  const keys = new Map<string, string>();
  for (const name of names) {
    const { row } = await createApiKey(ctx, { name, role: 'member', scopes: ['llm:use'], expiresAt: null });
    keys.set(name, row.id);
  }
  const random = randomFrom(20261121);
  const now = Date.now();
  for (let ago = days; ago >= 0; ago--) {
    const day = Math.floor(now / dayMs) * dayMs - ago * dayMs;
    const calls = callsOf(day, ago, random).filter(({ at }) => at < now - 60_000);
    await insert(
      ctx,
      connectorId,
      calls.map((call) => ({
        ...call,
        key: call.key && keys.get(call.key),
        by: call.key ?? ctx.actor.name,
        id: uuidv7({ msecs: call.at }),
        at: new Date(call.at),
      })),
    );
  }
  await rollUpUsage(ctx.hub);
}

interface Call {
  at: number;
  key: string | null;
}

function callsOf(day: number, ago: number, random: () => number) {
  const weekend = [0, 6].includes(new Date(day).getUTCDay());
  const busy = (weekend ? 45 : 210) * (0.8 + 0.4 * random()) * (1 + (days - ago) / 45);
  // A rough afternoon at the provider, ten days ago.
  const trouble = ago === 10;
  return Array.from({ length: Math.round(busy) }, () => callOf(day, trouble, random));
}

function callOf(day: number, trouble: boolean, random: () => number) {
  const kind = kindFor(random() * kinds.reduce((sum, { share }) => sum + share, 0));
  const hour = 7 + 7 * (random() + random()) - (random() < 0.12 ? 7 : 0);
  const spread = (typical: number) =>
    Math.round(typical * Math.exp(0.55 * (random() + random() + random() - 1.5) * 1.6));
  const rough = trouble && hour > 13 && hour < 18;
  const failed = random() < (rough ? 0.3 : 0.006);
  const [tokensIn, tokensOut] = [spread(kind.in), kind.out && spread(kind.out)];
  const cached = random() < 0.35 ? Math.round(tokensIn * 0.6) : 0;
  const total = spread(kind.ms) * (rough ? 3 : 1);
  const [fresh = 0, again = 0, out = 0] = kind.prices ?? [];
  const nano = Math.round(((tokensIn - cached) * fresh + cached * again + tokensOut * out) * 1_000);
  return {
    at: day + hour * 3_600_000,
    ...{ model: kind.model, tier: kind.tier, key: kind.key as string | null },
    operation: kind.out ? 'chat' : 'embeddings',
    ...{ tokensIn, cached, tokensOut, total },
    cost: kind.prices && (nano / 1e9).toFixed(9),
    estimated: random() < 0.004,
    first: kind.out ? Math.round(total * (0.15 + 0.2 * random())) : null,
    status: failed ? 'failed' : 'succeeded',
  } satisfies Call & Record<string, unknown>;
}

function kindFor(at: number) {
  let before = 0;
  for (const kind of kinds) {
    before += kind.share;
    if (at < before) return kind;
  }
  return kinds[0];
}

/** Always the same numbers (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Calls that failed used nothing. */
const insert = ({ hub, tenantId }: Ctx, connectorId: string, calls: object[]) =>
  hub.db.asTenant(tenantId, async (tx) => {
    const all = JSON.stringify(calls);
    await tx.execute(sql`
      insert into executions (tenant_id, id, tool, connector_id, status, duration_ms, attempts, error_code, error_message, actor_type,
        actor_id, actor_name, request_id, created_at, finished_at)
      select ${tenantId}, c.id, 'llm.' || c.operation, ${connectorId}, c.status, c.total, 1,
        case when c.status = 'failed' then 'service_service' end,
        case when c.status = 'failed' then 'OpenAI is in trouble itself.' end,
        case when c.key is null then 'user' else 'api_key' end, c.key, c.by, 'demo', c.at, c.at
      from jsonb_to_recordset(${all}::text::jsonb) c (id uuid, operation text, status text, total int, key uuid, by text, at timestamptz)`);
    await tx.execute(sql`
      insert into llm_usage (tenant_id, id, connector_id, api_key_id, operation, model, tier, tokens_in, tokens_cached, tokens_out,
        estimated, cost_usd, first_token_ms, total_ms, created_at)
      select ${tenantId}, c.id, ${connectorId}, c.key, c.operation, c.model, c.tier, c."tokensIn", c.cached, c."tokensOut",
        c.estimated, c.cost, c.first, c.total, c.at
      from jsonb_to_recordset(${all}::text::jsonb) c (id uuid, operation text, model text, tier text, key uuid, "tokensIn" int,
        cached int, "tokensOut" int, estimated boolean, cost numeric, first int, total int, status text, at timestamptz)
      where c.status = 'succeeded'`);
  });
