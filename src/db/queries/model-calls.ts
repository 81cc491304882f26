import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';

/** How a call of a model is, or was, as executions keep it. */
export interface CallEntry {
  tool: string;
  connector_id: string;
  connection_id: string;
  status: 'running' | 'succeeded' | 'failed' | 'outcome_unknown';
  duration_ms: number | null;
  attempts: number;
  error_code: string | null;
  error_message: string | null;
  upstream_request_id: string | null;
  /** Masked, where they are kept at all. */
  input?: unknown;
  output?: unknown;
  actor_type: string;
  actor_id: string | null;
  actor_name: string;
  request_id: string;
  /** Since it began. */
  elapsed_s: number;
}

/** What a call used; the names are those of the table. */
export interface UsageEntry {
  operation: string;
  model: string;
  tier: string | null;
  tokens_in: number;
  tokens_cached: number;
  tokens_out: number;
  estimated: boolean;
  cost_usd: string | null;
  price_source: string | null;
  price_input_usd: string | null;
  price_cached_usd: string | null;
  price_output_usd: string | null;
  first_token_ms: number | null;
  total_ms: number;
}

/** One call to write down; with nothing but a slice, that this one is given back. */
export interface CallRecord extends Partial<CallEntry>, Partial<UsageEntry> {
  /** The execution's. */
  id: string;
  connector_id: string;
  api_key_id: string | null;
  /** What it spends from. */
  slice?: string;
  /** What of the slice stood for its prompt. */
  prompt_nano?: number;
  /** Nothing else will be spent from the slice. */
  closes?: boolean;
}

/**
 * Writes calls that are under way or have ended, in one statement that commits by itself; one that is written again changes nothing more.
 * Returns the budgets that people are to be warned of.
 */
export async function recordModelCalls(db: Drizzle, tenantId: string, calls: CallRecord[]): Promise<string[]> {
  const rows = await db.execute<{ id: string }>(
    sql`select id from record_model_calls(${tenantId}, ${JSON.stringify(calls)}) as id`,
  );
  return rows.map(({ id }) => id);
}
