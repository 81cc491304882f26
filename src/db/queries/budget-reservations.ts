import { sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';

/** Whose budgets a call counts against, beside the workspace's. */
export interface Spender {
  /** Null for what people call. */
  apiKeyId: string | null;
  connectorId: string;
}

/** A budget that stands against a call. */
export interface Refusal {
  id: string;
  period: 'day' | 'month';
  apiKeyName: string | null;
  connectorName: string | null;
  limitNano: number;
  spentNano: number;
  reservedNano: number;
  unknownPrice: 'refuse' | 'allow';
  /** When the counters begin anew. */
  endsAt: Date;
  /** Nobody was told in this period. */
  untold: boolean;
}

export interface Reservation extends Spender {
  /** The execution's id. */
  id: string;
  /** What the call may cost at most; null when nobody knows its price. */
  amountNano: number | null;
  promptNano: number;
  /** After how many seconds the process counts as gone. */
  seconds: number;
}

type Fragment = ReturnType<typeof sql>;

/** Those that a call counts against, of a row `b` of budgets. */
const concerns = ({ apiKeyId, connectorId }: Spender) =>
  sql`(b.api_key_id is null or b.api_key_id = ${apiKeyId}::uuid) and (b.connector_id is null or b.connector_id = ${connectorId}::uuid)`;

/** When the period of a row `b` of budgets began; a transaction that waited over midnight finds the new day begun. */
const begun = sql`greatest(b.period_start, date_trunc(b.period, now() at time zone 'UTC') at time zone 'UTC')`;

const names = sql`k.name as api_key_name, n.name as connector_name`;
const nameJoins = (tenantId: string, of: Fragment) => sql`
  left join api_keys k on k.tenant_id = ${tenantId} and k.id = ${of}.api_key_id
  left join connectors n on n.tenant_id = ${tenantId} and n.id = ${of}.connector_id`;

const told = (row: Record<string, unknown>): Warning => ({
  id: String(row.id),
  period: row.period as 'day' | 'month',
  apiKeyName: row.api_key_name as string | null,
  connectorName: row.connector_name as string | null,
  limitNano: Number(row.limit_nano),
  spentNano: Number(row.spent),
});

/**
 * Takes what a call may cost from every budget that it counts against, or from none: one statement that locks their rows in one order and
 * looks at them as they are then. Returns those that stand against it; with none of them it is taken.
 */
export async function reserveBudgets(
  tx: Tx,
  tenantId: string,
  { id, amountNano, promptNano, seconds, ...spender }: Reservation,
): Promise<Refusal[]> {
  const rows = await tx.execute<Record<string, unknown>>(sql`
    with locked as materialized (
      select b.id, b.api_key_id, b.connector_id, b.period, b.limit_nano, b.unknown_price, b.period_start, b.spent_nano, b.reserved_nano,
        b.exceeded_for, ${begun} as begun
      from budgets b where b.tenant_id = ${tenantId} and ${concerns(spender)} order by b.id for update
    ),
    present as (
      select id, api_key_id, connector_id, period, limit_nano, unknown_price, exceeded_for, begun,
        case when period_start = begun then spent_nano else 0 end as spent,
        case when period_start = begun then reserved_nano else 0 end as reserved
      from locked
    ),
    refusing as (
      select * from present where case when ${amountNano}::bigint is null then unknown_price = 'refuse'
        else spent + reserved + ${amountNano}::bigint > limit_nano end
    ),
    taken as (
      update budgets b set period_start = c.begun, spent_nano = c.spent, reserved_nano = c.reserved + coalesce(${amountNano}::bigint, 0)
      from present c where b.tenant_id = ${tenantId} and b.id = c.id and not exists (select from refusing)
      returning b.id, b.period_start
    ),
    held as (
      insert into budget_reservations (tenant_id, id, holds, amount_nano, prompt_nano, expires_at)
      select ${tenantId}::uuid, ${id}::uuid, jsonb_agg(jsonb_build_object('id', id, 'began', period_start)), coalesce(${amountNano}::bigint, 0), ${promptNano}::bigint,
        now() + make_interval(secs => ${seconds})
      from taken having count(*) > 0
    )
    select r.id, r.period, r.limit_nano, r.spent, r.reserved, r.unknown_price, r.exceeded_for is distinct from r.begun as untold,
      extract(epoch from ((r.begun at time zone 'UTC') + ('1 ' || r.period)::interval) at time zone 'UTC')::float8 as ends_at,
      ${names}
    from refusing r ${nameJoins(tenantId, sql`r`)} order by r.id`);
  return rows.map((row) => ({
    ...told(row),
    reservedNano: Number(row.reserved),
    unknownPrice: row.unknown_price as 'refuse' | 'allow',
    endsAt: new Date(Number(row.ends_at) * 1000),
    untold: row.untold === true,
  }));
}

/** A budget of which so much is spent that people want to know. */
export type Warning = Pick<Refusal, 'id' | 'period' | 'apiKeyName' | 'connectorName' | 'limitNano' | 'spentNano'>;

/**
 * Ends what a call holds, and counts what it cost; against budgets that were made while it ran, too. Counts once what expired before.
 * Returns the budgets that reached their warning by it, each once in a period.
 */
export function settleBudgets(
  tx: Tx,
  tenantId: string,
  { id, costNano, ...spender }: Spender & { id: string; costNano: number },
): Promise<Warning[]> {
  const which = sql`h.budget_id is not null or ${concerns(spender)}`;
  return release(tx, tenantId, { id, condition: sql`true`, cost: sql`${costNano}::bigint`, which });
}

/** Ends what a call holds whose process is gone: of what it cost, its prompt is counted. */
export function expireReservation(tx: Tx, tenantId: string, id: string): Promise<Warning[]> {
  const cost = sql`coalesce((select prompt_nano from ended), 0)`;
  return release(tx, tenantId, { id, condition: sql`expires_at < now()`, cost, which: sql`h.budget_id is not null` });
}

async function release(
  tx: Tx,
  tenantId: string,
  { id, condition, cost, which }: { id: string; condition: Fragment; cost: Fragment; which: Fragment },
): Promise<Warning[]> {
  const rows = await tx.execute<Record<string, unknown>>(sql`
    with ended as (
      delete from budget_reservations where tenant_id = ${tenantId} and id = ${id} and ${condition}
      returning holds, amount_nano, prompt_nano
    ),
    holds as (
      select u.id as budget_id, u.began, e.amount_nano from ended e, jsonb_to_recordset(e.holds) as u(id uuid, began timestamptz)
    ),
    locked as materialized (
      select b.id, b.api_key_id, b.connector_id, b.period, b.period_start, b.spent_nano, b.reserved_nano, b.limit_nano, b.warn_percent,
        b.warned_for,
        coalesce(h.began, ${begun}) as began, coalesce(h.amount_nano, 0) as held, ${cost} as cost
      from budgets b left join holds h on h.budget_id = b.id
      where b.tenant_id = ${tenantId} and (${which}) order by b.id for update of b
    ),
    counted as (
      select id, api_key_id, connector_id, period, limit_nano, warn_percent, warned_for, greatest(period_start, began) as period_start,
        case when period_start < began then cost when period_start = began then spent_nano + cost else spent_nano end as spent,
        case when period_start < began then 0 when period_start = began then greatest(0, reserved_nano - held) else reserved_nano end as reserved
      from locked where cost > 0 or held > 0
    ),
    judged as (
      select *, warned_for is distinct from period_start and spent * 100 >= limit_nano * warn_percent as warn from counted
    ),
    written as (
      update budgets b set period_start = j.period_start, spent_nano = j.spent, reserved_nano = j.reserved,
        warned_for = case when j.warn then j.period_start else j.warned_for end
      from judged j where b.tenant_id = ${tenantId} and b.id = j.id
    )
    select j.id, j.period, j.limit_nano, j.spent, ${names} from judged j ${nameJoins(tenantId, sql`j`)} where j.warn order by j.id`);
  return rows.map(told);
}

/** The call still runs. */
export async function prolongReservation(tx: Tx, tenantId: string, id: string, seconds: number): Promise<void> {
  await tx.execute(
    sql`update budget_reservations set expires_at = now() + make_interval(secs => ${seconds}) where tenant_id = ${tenantId} and id = ${id}`,
  );
}

/** True for the one that may tell that this budget refused a call, once in a period. */
export async function claimExceeded(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const rows = await tx.execute(sql`
    update budgets b set exceeded_for = ${begun} where b.tenant_id = ${tenantId} and b.id = ${id}
      and b.exceeded_for is distinct from ${begun} returning b.id`);
  return rows.length > 0;
}

/** Those whose process is gone, the oldest first. */
export async function dueReservations(db: Drizzle, limit: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_budget_reservations(${limit})`,
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, id: row.id }));
}
