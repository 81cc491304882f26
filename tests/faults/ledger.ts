import type { Sql } from 'postgres';
import type { Upstream } from './upstream.ts';

interface State {
  version: number;
  tag: string | null;
  status: string;
}

interface Known {
  /** What it may be: the last acknowledged state first, then what was asked for without an answer. */
  states: State[];
  removed: boolean | 'maybe';
}

const same = (a: State, b: State) => a.version === b.version && a.tag === b.tag && a.status === b.status;

/**
 * What callers were told, kept apart from the hub and its database, by the callers themselves. At the end the database is held
 * against it.
 */
export class Ledger {
  acknowledged = 0;
  readonly problems: string[] = [];
  readonly #connectors = new Map<string, Known>();
  readonly #keys = new Map<string, { name: string; revoked: boolean }>();
  readonly #runs = new Map<string, { id: string; status: string }>();
  readonly #attempts: { kind: 'connector' | 'run' | 'key'; name: string }[] = [];

  attempt(what: { kind: 'connector' | 'run' | 'key'; name: string }) {
    this.#attempts.push(what);
  }

  connector(id: string, state: State) {
    this.acknowledged += 1;
    this.#connectors.set(id, { states: [state], removed: false });
  }

  /** Asked for, and nobody said whether it happened. */
  maybe(id: string, state: State) {
    this.#connectors.get(id)?.states.push(state);
  }

  removed(id: string) {
    this.acknowledged += 1;
    const known = this.#connectors.get(id);
    if (known) known.removed = true;
  }

  maybeRemoved(id: string) {
    const known = this.#connectors.get(id);
    if (known) known.removed = 'maybe';
  }

  /** Somebody read it: it must be one of what it may be. */
  seen(id: string, state: State): State {
    const known = this.#connectors.get(id);
    if (!known?.states.some((each) => same(each, state)))
      this.problems.push(`${id} reads ${JSON.stringify(state)}, after ${JSON.stringify(known?.states)}`);
    this.#connectors.set(id, { states: [state], removed: known?.removed ?? false });
    return state;
  }

  missing(id: string) {
    if (this.#connectors.get(id)?.removed === false) this.problems.push(`${id} is gone, and nobody removed it`);
  }

  key(id: string, name: string) {
    this.acknowledged += 1;
    this.#keys.set(id, { name, revoked: false });
  }

  revoked(id: string) {
    this.acknowledged += 1;
    const known = this.#keys.get(id);
    if (known) known.revoked = true;
  }

  ran(name: string, id: string, status: string) {
    if (status === 'succeeded') this.acknowledged += 1;
    this.#runs.set(name, { id, status });
  }

  /** What has a key was refused because it is there already: so it ran a second time. */
  twice(what: string) {
    this.problems.push(`${what} was run again for the same Idempotency-Key`);
  }

  /** Everything that was acknowledged is there, and nothing happened twice; sentences about what is otherwise. */
  async audit(sql: Sql, upstream: Upstream): Promise<{ lost: string[]; twice: string[] }> {
    const lost = [...(await this.#lostConnectors(sql)), ...(await this.#lostKeys(sql)), ...(await this.#lostRuns(sql))];
    for (const [name, { status }] of this.#runs)
      if (status === 'succeeded' && !upstream.counts.has(`POST ${name}`)) lost.push(`run ${name} never left`);
    const runs = this.#attempts.filter(({ kind }) => kind === 'run');
    const twice = runs
      .filter(({ name }) => (upstream.counts.get(`POST ${name}`) ?? 0) > 1)
      .map(({ name }) => `run ${name}`);
    const keys = await sql`select name from api_keys group by name having count(*) > 1`;
    return { lost, twice: [...twice, ...keys.map(({ name }) => `key ${name}`)] };
  }

  async #lostConnectors(sql: Sql): Promise<string[]> {
    const rows = await sql`
      select id, version, tags->>0 as tag, status, deleted_at is not null as removed from connectors`;
    const there = new Map(rows.map((row) => [row.id as string, row as unknown as State & { removed: boolean }]));
    return [...this.#connectors].flatMap(([id, { states, removed }]) => {
      const row = there.get(id);
      if (!row) return [`connector ${id} is not there`];
      if (removed !== 'maybe' && row.removed !== removed) return [`connector ${id}: removed is ${row.removed}`];
      if (row.removed || states.some((each) => same(each, row))) return [];
      return [`connector ${id} is ${JSON.stringify(row)} and not ${JSON.stringify(states)}`];
    });
  }

  async #lostKeys(sql: Sql): Promise<string[]> {
    const rows = await sql`select id, revoked_at is not null as revoked from api_keys`;
    const there = new Map(rows.map(({ id, revoked }) => [id as string, revoked as boolean]));
    return [...this.#keys].flatMap(([id, { revoked }]) => {
      if (!there.has(id)) return [`key ${id} is not there`];
      return revoked && !there.get(id) ? [`key ${id} is not revoked`] : [];
    });
  }

  async #lostRuns(sql: Sql): Promise<string[]> {
    const rows = await sql`select id, status from executions`;
    const there = new Map(rows.map(({ id, status }) => [id as string, status as string]));
    return [...this.#runs].flatMap(([name, { id, status }]) =>
      there.get(id) === status ? [] : [`run ${name} is ${there.get(id) ?? 'not there'} and not ${status}`],
    );
  }
}

/** What can only be there when a change was made by halves. Each query counts rows. */
const halves: Record<string, string> = {
  'connector without its entry in the activity': `
    select from connectors c where not exists (select from audit_events a
      where a.tenant_id = c.tenant_id and a.subject_id = c.id and a.action = 'connector.installed')`,
  'installation in the activity without a connector': `
    select from audit_events a where a.action = 'connector.installed' and not exists (select from connectors c
      where c.tenant_id = a.tenant_id and c.id = a.subject_id)
      and not exists (select from audit_events p where p.subject_id = a.subject_id and p.action = 'connector.purged')`,
  'version that the activity does not explain': `
    select from connectors c where c.version <> (select count(*) from audit_events a
      where a.tenant_id = c.tenant_id and a.subject_id = c.id and a.subject_type = 'connector'
      and a.action not in ('connector.failed', 'connector.recovered'))`,
  'deletion that only one of row and activity knows': `
    select from connectors c where (c.deleted_at is not null) <> exists (select from audit_events a
      where a.tenant_id = c.tenant_id and a.subject_id = c.id and a.action = 'connector.deleted')`,
  'connector without its connection': `
    select from connectors c where not exists (select from connections n
      where n.tenant_id = c.tenant_id and n.connector_id = c.id)`,
  'connection without a connector': `
    select from connections n where not exists (select from connectors c
      where c.tenant_id = n.tenant_id and c.id = n.connector_id)`,
  'key without its entry in the activity': `
    select from api_keys k where not exists (select from audit_events a
      where a.tenant_id = k.tenant_id and a.subject_id = k.id and a.action = 'api_key.created')`,
  'key in the activity that is not there': `
    select from audit_events a where a.action = 'api_key.created' and not exists (select from api_keys k
      where k.tenant_id = a.tenant_id and k.id = a.subject_id)`,
  'revocation that only one of key and activity knows': `
    select from api_keys k where (k.revoked_at is not null) <> exists (select from audit_events a
      where a.tenant_id = k.tenant_id and a.subject_id = k.id and a.action = 'api_key.revoked')`,
  'switched connector of which no message tells': `
    select from generate_series(1, (select abs(
      (select count(*) from audit_events where action in ('connector.activated', 'connector.deactivated'))
      - (select count(*) from webhook_deliveries where event = 'connector.status_changed')))::int)`,
};

/** Sentences about what remained of changes that were made by halves. */
export async function halfDone(sql: Sql): Promise<string[]> {
  const found: string[] = [];
  for (const [what, query] of Object.entries(halves)) {
    const [row] = await sql.unsafe(`select count(*)::int as count from (${query}) t`);
    if (row?.count) found.push(`${row.count} × ${what}`);
  }
  return found;
}
