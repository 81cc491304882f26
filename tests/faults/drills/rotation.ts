import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import type { Caller } from '../caller.ts';
import { type Drill, demand, type Given } from '../drill.ts';
import { openSite, type Site } from '../site.ts';
import { startUpstream } from '../upstream.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const [oldKey, newKey] = [`old:${keyOf(7)}`, `new:${keyOf(9)}`];
const perRound = 10;
const workspacesPerRound = 60;
const rate = 50;
/** Older data keys go three minutes later: that is waited for from so many rounds on. */
const fullFrom = 20;
const sealedAnew = /^(\d+) of \1 workspaces sealed anew$/m;

export const drill: Drill = {
  name: 'rotation',
  promise:
    'Master key and data keys change under load, are killed in the middle and go on: no call fails, the old key can go',
  target: '0 failed calls, every secret opens under the new key alone, nothing under the old one',
  rounds: 6,
  limitS: (rounds) => 240 + rounds * 30,
  async run(given) {
    const { atEnd, rounds, say } = given;
    const passwords = new Map<string, string>();
    const wrong: string[] = [];
    const upstream = await startUpstream((request, response) => {
      const id = request.url?.slice(1) ?? '';
      const expected = `Basic ${Buffer.from(`clerk:${passwords.get(id)}`).toString('base64')}`;
      if (request.method === 'GET' && passwords.has(id) && request.headers.authorization !== expected) wrong.push(id);
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    atEnd(upstream.close);
    const site = await openSite(given);
    const env = { ALLOWED_PRIVATE_HOSTS: upstream.host };
    const first = await site.hub({ ...env, MASTER_KEYS: oldKey });
    const limits = setInterval(() => void site.forgetLimits().catch(() => {}), 1_000);
    atEnd(() => clearInterval(limits));
    const ada = await site.signedIn(first);
    const ids: string[] = [];
    for (let index = 0; index < rounds * perRound; index++)
      ids.push(await connector(ada, upstream.url, index, passwords));
    await addWorkspaces(site, rounds * workspacesPerRound);
    await first.stop();
    say(`${ids.length} secrets, ${rounds * workspacesPerRound} workspaces`);

    const both = { ...env, MASTER_KEYS: `${newKey},${oldKey}` };
    const hub = await site.hub(both);
    const program = (await site.signedIn(hub)).program('Load');
    const load = startCalls(await program, ids, given);
    const whole = rounds >= fullFrom;
    const kills = {
      master: await killAndComplete(site, both, given, {
        ...{ file: 'src/commands/rotate-master-key.ts', from: /re-wrapped$/m, lifeMs: [0, 40] },
      }),
      data: await killAndComplete(site, both, given, {
        ...{ file: 'src/commands/rotate-data-keys.ts', from: /^/, lifeMs: [900, 2_400] },
        until: whole ? null : sealedAnew,
      }),
    };
    const { calls, failed } = await load();
    const defects = hub.defects();
    await hub.stop();

    const [left] = await site.sql`
      select (select count(*) from tenant_keys where master_key_id = 'old')::int
        + (select count(*) from hub_secrets where master_key_id = 'old')::int as count`;
    const last = await site.hub({ ...env, MASTER_KEYS: newKey });
    const after = startCalls(await (await site.signedIn(last)).program('After'), ids, given, ids.length);
    const opened = await after();
    const deep = await site.command('src/commands/doctor.ts', {
      args: ['--deep', '--json'],
      env: { ...env, MASTER_KEYS: newKey },
    });
    const secrets = (JSON.parse(deep.out) as { check: string; level: string; message: string }[]).find(
      ({ check }) => check === 'secrets',
    );
    const misses: string[] = [];
    demand(misses, calls > rounds * 5, 'Too little was called to tell anything.');
    demand(misses, failed.length === 0, `${failed.length} of ${calls} calls failed: ${failed[0]}`);
    demand(misses, wrong.length === 0, `${wrong.length} calls carried another password than the saved one.`);
    demand(misses, kills.master.killed > 0 && kills.data.killed > 0, 'Nothing was killed in the middle.');
    const completed = kills.master.completed && kills.data.completed;
    demand(misses, completed, `The last runs did not complete: ${kills.master.said} ${kills.data.said}`);
    demand(misses, left?.count === 0, `${left?.count} keys are still under the old master key.`);
    demand(
      misses,
      opened.failed.length === 0,
      `Under the new key alone, ${opened.failed.length} calls failed: ${opened.failed[0]}`,
    );
    demand(misses, secrets?.level === 'ok', `The doctor says: ${secrets?.message ?? deep.err}`);
    demand(misses, !defects.length, `The hub caught nothing of this: ${defects[0]}`);
    const figure = {
      ...{
        secrets: ids.length,
        data_keys: rounds * workspacesPerRound,
        killed: kills.master.killed + kills.data.killed,
      },
      ...{ calls, failed: failed.length, wrong: wrong.length, under_old_key: Number(left?.count) },
    };
    return { figure, misses };
  },
};

/** An active connector with a password of its own, which the service checks; its id. */
async function connector(ada: Caller, url: string, index: number, passwords: Map<string, string>): Promise<string> {
  const password = `secret ${index} ${uuidv7()}`;
  const auth = { method: 'basic', username: 'clerk', password };
  const body = { catalog_key: 'http-api', name: `Shop ${index}`, config: { base_url: url }, auth };
  const { id } = (await ada.must(201, 'POST', '/api/connectors', body)).body;
  passwords.set(id, password);
  await ada.must(200, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  return id;
}

/** Workspaces with nothing but their data key, so that a change of the master key takes a while. */
async function addWorkspaces({ sql }: Site, count: number): Promise<void> {
  const vault = createVault(readKeyring({ masterKeys: oldKey, dataDir: '' }));
  for (let index = 0; index < count; index++) {
    const id = uuidv7();
    const key = vault.newTenantKey(id, 1);
    await sql`insert into organizations (id, name, slug) values (${id}, ${`T${index}`}, ${id})`;
    await sql`
      insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
      values (${id}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`;
  }
}

/** Calls tools that need their secret, at a fixed rate, or so many of them; what failed. */
function startCalls(program: Caller, ids: string[], { random }: Given, count = Number.POSITIVE_INFINITY) {
  let working = true;
  const failed: string[] = [];
  let calls = 0;
  const call = async (id: string) => {
    const input = { connector_id: id, arguments: { method: 'GET', path: `/${id}` } };
    const { status, body, error } = await program.send('POST', '/api/tools/http-api.request/execute', input);
    calls += 1;
    if (status !== 200 || body.status !== 'succeeded')
      failed.push(`${status} ${error ?? ''} ${JSON.stringify(body)?.slice(0, 300)}`);
  };
  const running = (async () => {
    const under: Promise<void>[] = [];
    for (let index = 0; working && index < count; index++) {
      const id = count < Number.POSITIVE_INFINITY ? ids[index] : ids[Math.floor(random() * ids.length)];
      under.push(call(id ?? ''));
      if (under.length >= 8) await under.shift();
      await sleep(1000 / rate);
    }
    await Promise.all(under);
  })();
  return async () => {
    if (count === Number.POSITIVE_INFINITY) working = false;
    await running;
    return { calls, failed };
  };
}

interface Kills {
  file: string;
  /** What it has said when its time begins. */
  from: RegExp;
  /** The least and the most that it has from then on. */
  lifeMs: [number, number];
  /** What it says when the last run is killed as well. */
  until?: RegExp | null;
}

/** Runs the command, kills it somewhere, again and again; then lets it end. */
async function killAndComplete(
  site: Site,
  env: Record<string, string>,
  { random, rounds, say }: Given,
  { file, from, lifeMs: [least, most], until = null }: Kills,
) {
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const lifeMs = least + random() * (most - least);
    let began = 0;
    let ended = false;
    await site.command(file, { env }, (said, kill) => {
      if (!began && from.test(said)) began = performance.now();
      if (ended || !began || performance.now() - began < lifeMs) return;
      ended = true;
      killed += 1;
      kill();
    });
    say(`${file}: ${ended ? `killed after ${Math.round(lifeMs)} ms` : 'over before it was killed'}`);
  }
  let reached = false;
  const { code, out, err } = await site.command(file, { env }, (said, kill) => {
    reached ||= until?.test(said) ?? false;
    if (reached) kill();
  });
  say(`${file}: ${out.trim().split('\n').at(-1)}`);
  return { killed, completed: reached || code === 0, said: (out + err).slice(-300) };
}
