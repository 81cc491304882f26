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
  id: string;
  /** What the call may cost at most; null when nobody knows its price. */
  amountNano: number | null;
  /** What may be taken beside that for calls to come, where there is plenty of room. */
  extraNano: number;
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

/** What was taken. */
export interface Taken {
  nano: number;
  /** Until the first of its budgets begins anew. */
  seconds: number;
}

/**
 * Takes what a call may cost from every budget that it counts against, or from none: one statement that locks their rows in one order and
 * looks at them as they are then. What it takes for calls to come is a fiftieth of the room at most, so that nobody is refused for the
 * sake of others who do not call. Returns what was taken, null where no budget counts, or those that stand against it.
 */
export async function reserveBudgets(
  tx: Tx,
  tenantId: string,
  { id, amountNano, extraNano, promptNano, seconds, ...spender }: Reservation,
): Promise<Taken | null | Refusal[]> {
  const amount = sql`${amountNano}::bigint`;
  const rows = await tx.execute<Record<string, unknown>>(sql`
    with locked as materialized (
      select b.id, b.api_key_id, b.connector_id, b.period, b.limit_nano, b.unknown_price, b.period_start, b.spent_nano, b.reserved_nano,
        b.exceeded_for, ${begun} as begun
      from budgets b where b.tenant_id = ${tenantId} and ${concerns(spender)} order by b.id for update
    ),
    present as (
      select id, api_key_id, connector_id, period, limit_nano, unknown_price, exceeded_for, begun,
        case when period_start = begun then spent_nano else 0 end as spent,
        case when period_start = begun then reserved_nano else 0 end as reserved,
        extract(epoch from ((begun at time zone 'UTC') + ('1 ' || period)::interval) at time zone 'UTC')::float8 as ends_at
      from locked
    ),
    refusing as (
      select * from present where case when ${amount} is null then unknown_price = 'refuse'
        else spent + reserved + ${amount} > limit_nano end
    ),
    room as (
      select min(limit_nano - spent - reserved - ${amount}) / 50 as spare, min(ends_at) - extract(epoch from now())::float8 as seconds
      from present
    ),
    share as (
      select coalesce(${amount} + case when spare >= ${amount} then least(spare, ${extraNano}::bigint) else 0 end, 0) as nano, seconds from room
    ),
    taken as (
      update budgets b set period_start = c.begun, spent_nano = c.spent, reserved_nano = c.reserved + s.nano
      from present c, share s where b.tenant_id = ${tenantId} and b.id = c.id and not exists (select from refusing)
      returning b.id, b.period_start
    ),
    held as (
      insert into budget_reservations (tenant_id, id, holds, amount_nano, prompt_nano, expires_at)
      select ${tenantId}::uuid, ${id}::uuid, jsonb_agg(jsonb_build_object('id', t.id, 'began', t.period_start)), s.nano,
        case when s.nano > 0 then (${promptNano}::numeric * s.nano / ${amount})::bigint else ${promptNano}::bigint end,
        now() + make_interval(secs => ${seconds})
      from taken t, share s group by s.nano
    )
    select s.nano, s.seconds, r.id, r.period, r.limit_nano, r.spent, r.reserved, r.unknown_price, r.ends_at,
      r.exceeded_for is distinct from r.begun as untold, ${names}
    from share s left join refusing r on true ${nameJoins(tenantId, sql`r`)} order by r.id`);
  const [{ nano, seconds: left } = {}] = rows;
  if (rows.some((row) => row.id !== null)) return rows.map(refusalIn);
  return left === null ? null : { nano: Number(nano), seconds: Number(left) };
}

const refusalIn = (row: Record<string, unknown>): Refusal => ({
  ...told(row),
  reservedNano: Number(row.reserved),
  unknownPrice: row.unknown_price as 'refuse' | 'allow',
  endsAt: new Date(Number(row.ends_at) * 1000),
  untold: row.untold === true,
});

/** A budget of which so much is spent that people want to know. */
export type Warning = Pick<Refusal, 'id' | 'period' | 'apiKeyName' | 'connectorName' | 'limitNano' | 'spentNano'>;

/** Ends what is held by a process that is gone: of what its calls cost, their prompts are counted. Returns as `recordModelCalls`. */
export async function expireReservation(tx: Tx, tenantId: string, id: string): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select due.id from (
      select r.id, r.prompt_nano from budget_reservations r
      where r.tenant_id = ${tenantId} and r.id = ${id} and r.expires_at < now() for update
    ) gone, settle_budgets(${tenantId}, gone.id, null, null, gone.prompt_nano, 0, true) as due(id)`);
  return rows.map((row) => row.id);
}

/** Those of these budgets that this caller may warn of, each once in a period. */
export async function claimWarnings(tx: Tx, tenantId: string, ids: string[]): Promise<Warning[]> {
  const rows = await tx.execute<Record<string, unknown>>(sql`
    with claimed as (
      update budgets b set warned_for = b.period_start where b.tenant_id = ${tenantId} and b.id = any(${uuids(ids)})
        and b.warned_for is distinct from b.period_start and b.spent_nano * 100 >= b.limit_nano * b.warn_percent
      returning b.id, b.api_key_id, b.connector_id, b.period, b.limit_nano, b.spent_nano as spent
    )
    select c.id, c.period, c.limit_nano, c.spent, ${names} from claimed c ${nameJoins(tenantId, sql`c`)} order by c.id`);
  return rows.map(told);
}

const uuids = (ids: string[]) => sql`${`{${ids.join()}}`}::uuid[]`;

/** Whether any budget counts calls of this spender. */
export async function hasBudgets(tx: Tx, tenantId: string, spender: Spender): Promise<boolean> {
  const rows = await tx.execute(
    sql`select from budgets b where b.tenant_id = ${tenantId} and ${concerns(spender)} limit 1`,
  );
  return rows.length > 0;
}

/** Calls that spend from it still run. */
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
