import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Caller } from './caller.ts';
import type { Ledger } from './ledger.ts';

export interface Callers {
  /** A person: makes and revokes keys. */
  person: Caller;
  /** A program for each writer: everything else. */
  programs: Caller[];
}

export interface Writers {
  /** Lets every writer finish its change; seconds at most. */
  stop(): Promise<void>;
  /** Changes that were acknowledged, so far. */
  acknowledged(): number;
  longestMs(): number;
}

/**
 * Changes things all the time, one change after another for each program, and writes into the ledger what was acknowledged and what
 * may have happened.
 * @param runner the active connector that tools are called through
 */
export function startWriters(callers: Callers, ledger: Ledger, runner: string, random: () => number): Writers {
  let working = true;
  const running = Promise.all(
    callers.programs.map(async (program) => {
      const writer = new Writer(program, callers.person, ledger, runner, random);
      while (working) if (!(await writer.step())) await sleep(50);
    }),
  );
  const all = [callers.person, ...callers.programs];
  return {
    stop: async () => {
      working = false;
      await running;
    },
    acknowledged: () => ledger.acknowledged,
    longestMs: () => Math.max(...all.map(({ longestMs }) => longestMs)),
  };
}

const connector = (name: string) => ({
  catalog_key: 'wordpress',
  name,
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
});

class Writer {
  readonly #program: Caller;
  readonly #person: Caller;
  readonly #ledger: Ledger;
  readonly #runner: string;
  readonly #random: () => number;
  /** Its own connectors and keys: what others change would be told as a conflict. */
  #connectors: string[] = [];
  #keys: string[] = [];
  #steps = 0;

  constructor(program: Caller, person: Caller, ledger: Ledger, runner: string, random: () => number) {
    this.#program = program;
    this.#person = person;
    this.#ledger = ledger;
    this.#runner = runner;
    this.#random = random;
  }

  /** One change; whether it was acknowledged. */
  step(): Promise<boolean> {
    const kinds = [
      this.#install,
      this.#update,
      this.#update,
      this.#run,
      this.#run,
      this.#run,
      this.#run,
      this.#switch,
      this.#remove,
      this.#key,
      this.#revoke,
    ];
    const kind = kinds[Math.floor(this.#random() * kinds.length)] ?? this.#install;
    return kind.call(this);
  }

  async #install(): Promise<boolean> {
    const name = `Blog ${randomUUID()}`;
    const answer = await this.#once(this.#program, '/api/connectors', { kind: 'connector', name }, connector(name));
    if (answer.status !== 201) return false;
    this.#connectors.push(answer.body.id);
    this.#ledger.connector(answer.body.id, { version: 1, tag: null, status: 'inactive' });
    return true;
  }

  async #update(): Promise<boolean> {
    const id = this.#any(this.#connectors);
    const known = id && (await this.#look(id));
    if (!id || !known) return false;
    const tag = `t${++this.#steps}`;
    const secret = this.#steps % 2 ? { auth: connector('').auth } : {};
    const change = { version: known.version, tags: [tag], ...secret };
    return this.#change(id, { ...known, version: known.version + 1, tag }, ['PUT', `/api/connectors/${id}`, change]);
  }

  async #switch(): Promise<boolean> {
    const id = this.#any(this.#connectors);
    const known = id && (await this.#look(id));
    if (!id || !known) return false;
    const status = known.status === 'inactive' ? 'active' : 'inactive';
    const after = { ...known, version: known.version + 1, status };
    return this.#change(id, after, ['PATCH', `/api/connectors/${id}/status`, { status }]);
  }

  async #change(id: string, after: Parameters<Ledger['connector']>[1], [method, path, body]: [string, string, object]) {
    const answer = await this.#program.send(method, path, body);
    if (answer.status === 200) this.#ledger.connector(id, after);
    else if (mayHaveHappened(answer)) this.#ledger.maybe(id, after);
    return answer.status === 200;
  }

  async #remove(): Promise<boolean> {
    if (this.#connectors.length < 4) return false;
    const [id = ''] = this.#connectors.splice(Math.floor(this.#random() * this.#connectors.length), 1);
    const answer = await this.#program.send('DELETE', `/api/connectors/${id}`);
    if (answer.status === 204) this.#ledger.removed(id);
    else if (mayHaveHappened(answer)) this.#ledger.maybeRemoved(id);
    else this.#connectors.push(id);
    return answer.status === 204;
  }

  async #run(): Promise<boolean> {
    const name = `/run/${randomUUID()}`;
    const body = { connector_id: this.#runner, arguments: { method: 'POST', path: name, body: '{}' } };
    const answer = await this.#once(this.#program, '/api/tools/http-api.request/execute', { kind: 'run', name }, body);
    if (answer.status !== 200) return false;
    this.#ledger.ran(name, answer.body.execution_id, answer.body.status);
    return answer.body.status === 'succeeded';
  }

  async #key(): Promise<boolean> {
    const name = `Key ${randomUUID()}`;
    const body = { name, role: 'member', scopes: ['catalog:read'] };
    const answer = await this.#once(this.#person, '/api/api-keys', { kind: 'key', name }, body);
    if (answer.status !== 201) return false;
    this.#keys.push(answer.body.id);
    this.#ledger.key(answer.body.id, name);
    return true;
  }

  async #revoke(): Promise<boolean> {
    const id = this.#keys.pop();
    if (!id) return false;
    const answer = await this.#person.send('DELETE', `/api/api-keys/${id}`);
    if (answer.status === 204) this.#ledger.revoked(id);
    return answer.status === 204;
  }

  /** Sends it with an Idempotency-Key, and again with the same one for as long as nobody says what became of it. */
  async #once(caller: Caller, path: string, what: { kind: 'connector' | 'run' | 'key'; name: string }, body: object) {
    const key = randomUUID();
    this.#ledger.attempt(what);
    for (let attempt = 0; ; attempt++) {
      const answer = await caller.send('POST', path, body, { 'idempotency-key': key });
      const open = answer.status === 0 || (answer.status === 503 && answer.body?.code !== 'outcome_unknown');
      if (answer.status === 409 && answer.body?.code === 'conflict') this.#ledger.twice(`${what.kind} ${what.name}`);
      if (!open || attempt === 20) return answer;
      await sleep(100 + attempt * 20);
    }
  }

  /** What there is of it now; null while nobody can say. */
  async #look(id: string) {
    const { status, body } = await this.#program.send('GET', `/api/connectors/${id}`);
    if (status === 404) this.#ledger.missing(id);
    if (status !== 200) return null;
    return this.#ledger.seen(id, { version: body.version, tag: body.tags[0] ?? null, status: body.status });
  }

  #any = <T>(list: T[]): T | undefined => list[Math.floor(this.#random() * list.length)];
}

/** No answer, or one that leaves it open. */
const mayHaveHappened = ({ status }: Answer) => status === 0 || status >= 500;
