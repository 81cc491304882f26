import { v7 as uuidv7 } from 'uuid';
import { type Connection, withConnection } from '../../src/db/connection.ts';

export interface CallRow {
  at: Date;
  model?: string;
  tier?: string | null;
  /** A name that stands for a key, or its id. */
  key?: string | null;
  connector?: string;
  /** In; half of them out. */
  tokens?: number;
  /** Null for a price that nobody knows. */
  costNano?: number | null;
  estimated?: boolean;
  totalMs?: number;
  firstTokenMs?: number | null;
  failed?: boolean;
  /** A failed call that used nothing. */
  unused?: boolean;
}

const id = (name: string) =>
  name.length === 36
    ? name
    : `0197a8e2-0000-7000-8000-${Buffer.from(name.padEnd(6, '_')).toString('hex').slice(0, 12)}`;

/** Calls of language models as they stand in the tables once they are over. */
export async function makeCalls(owner: Connection, tenantId: string, rows: CallRow[]): Promise<void> {
  const values = rows.map((row) => ({
    id: uuidv7(),
    at: row.at,
    model: row.model ?? 'gpt-4o-mini',
    tier: row.tier ?? null,
    key: row.key ? id(row.key) : null,
    connector: id(row.connector ?? 'a'),
    tokens: row.tokens ?? 100,
    cost: row.costNano === null ? null : ((row.costNano ?? 1_500) / 1e9).toFixed(9),
    estimated: row.estimated ?? false,
    total: row.totalMs ?? 800,
    first: row.firstTokenMs === undefined ? 200 : row.firstTokenMs,
    status: row.failed || row.unused ? 'failed' : 'succeeded',
    unused: row.unused ?? false,
  }));
  await withConnection(owner, async (sql) => {
    const all = sql.json(values as never);
    await sql`
      insert into executions (tenant_id, id, tool, connector_id, status, actor_type, actor_id, actor_name, request_id, created_at, finished_at)
      select ${tenantId}, r.id, 'llm.chat', r.connector, r.status, case when r.key is null then 'user' else 'api_key' end, r.key,
        'Test', 'test', r.at, r.at
      from jsonb_to_recordset(${all}) r (id uuid, connector uuid, status text, key uuid, at timestamptz)`;
    await sql`
      insert into llm_usage (tenant_id, id, connector_id, api_key_id, operation, model, tier, tokens_in, tokens_cached, tokens_out,
        estimated, cost_usd, first_token_ms, total_ms, created_at)
      select ${tenantId}, r.id, r.connector, r.key, 'chat', r.model, r.tier, r.tokens, r.tokens / 4, r.tokens / 2, r.estimated, r.cost,
        r.first, r.total, r.at
      from jsonb_to_recordset(${all}) r (id uuid, connector uuid, key uuid, model text, tier text, tokens int, cost numeric,
        estimated boolean, first int, total int, at timestamptz, unused boolean)
      where not r.unused`;
  });
}
