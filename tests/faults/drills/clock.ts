import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../caller.ts';
import { type Drill, demand } from '../drill.ts';
import { openSite } from '../site.ts';
import { startUpstream } from '../upstream.ts';

const [twoDays, tenMinutes] = [172_800, 600];

export const drill: Drill = {
  name: 'clock',
  promise:
    'The clock of a hub jumps two days ahead and ten minutes back: sessions, keys and authorisations follow the database’s clock',
  target: '0 sessions, keys or authorisations ended early or kept too long, 0 messages twice, 0 uncaught',
  rounds: 1,
  limitS: (rounds) => 120 + rounds * 60,
  async run(given) {
    const { atEnd, rounds, say } = given;
    const upstream = await startUpstream();
    atEnd(upstream.close);
    const site = await openSite(given);
    const misses: string[] = [];
    let jumps = 0;
    for (let round = 0; round < rounds; round++) {
      const steps = [twoDays, -tenMinutes];
      const env = { ALLOWED_PRIVATE_HOSTS: upstream.host, CLOCK_STEPS: steps.flatMap((step) => [step, 0]).join(',') };
      const hub = await site.hub(env, { preload: './tests/faults/shifted-clock.ts' });
      const ada = await site.signedIn(hub);
      await ada.must(201, 'POST', '/api/webhooks', {
        url: `${upstream.url}/hooks`,
        events: ['connector.status_changed'],
      });
      const connector = (await ada.must(201, 'POST', '/api/connectors', wordpress(round))).body.id;
      const github = (await ada.must(201, 'POST', '/api/connectors', githubApp(round))).body.id;
      for (const step of steps) {
        const when = `${step} s off`;
        const begun = await ada.must(201, 'POST', '/api/connections/oauth/initiate', { connector_id: github });
        const long = await keyUntil(ada, 3_600);
        const short = await keyUntil(ada, 3);
        await short.must(200, 'GET', '/api/installed');
        hub.child.kill('SIGUSR2');
        jumps += 2;
        await sleep(3_500);
        const status = async (caller: Caller) => (await caller.send('GET', '/api/installed')).status;
        demand(misses, (await status(ada)) === 200, `A session ended with the clock ${when}.`);
        demand(misses, (await status(long)) === 200, `A key for an hour ended with the clock ${when}.`);
        demand(
          misses,
          (await status(short)) === 401,
          `A key for three seconds was still taken with the clock ${when}.`,
        );
        const again = await Caller.signIn(hub.url, { email: 'ada@example.com', password: 'correct horse battery' });
        demand(misses, (await status(again)) === 200, `Nobody could sign in with the clock ${when}.`);
        const wait = { connection_request_id: begun.body.connection_request_id, timeout_s: 1 };
        const { body } = await ada.send('POST', '/api/connections/oauth/wait', wait);
        demand(
          misses,
          body.status === 'pending',
          `An authorisation became ${body.status ?? body.code} with the clock ${when}.`,
        );
        const next = step === -tenMinutes ? 'inactive' : 'active';
        const changed = await ada.send('PATCH', `/api/connectors/${connector}/status`, { status: next });
        demand(misses, changed.status === 200, `A change was answered ${changed.status} with the clock ${when}.`);
        say(`${when}: ${misses.length} misses so far`);
        hub.child.kill('SIGUSR2');
        await sleep(500);
      }
      const [row] = await site.sql`select count(*)::int as count from webhook_deliveries`;
      const messages = Number(row?.count);
      for (const until = Date.now() + 75_000; upstream.messages.size < messages && Date.now() < until; )
        await sleep(250);
      await sleep(1_000);
      const twice = [...upstream.messages.values()].filter((count) => count > 1).length;
      demand(
        misses,
        messages > 0 && upstream.messages.size === messages,
        `${upstream.messages.size} of ${messages} messages were sent.`,
      );
      demand(misses, twice === 0, `${twice} messages were sent twice.`);
      demand(misses, hub.isAlive() && !hub.defects().length, `The hub caught nothing of this: ${hub.defects()[0]}`);
      await hub.stop();
    }
    return { figure: { jumps, misses: misses.length }, misses };
  },
};

async function keyUntil(ada: Caller, seconds: number): Promise<Caller> {
  const expires = new Date(Date.now() + seconds * 1000).toISOString();
  const body = { name: `For ${seconds} s`, role: 'member', scopes: ['connectors:read'], expires_at: expires };
  const made = await ada.must(201, 'POST', '/api/api-keys', body);
  return new Caller(ada.url, { authorization: `Bearer ${made.body.key}` });
}

const wordpress = (round: number) => ({
  ...{ catalog_key: 'wordpress', name: `Blog ${round}`, config: { site_url: 'https://blog.example.com' } },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
});

const githubApp = (round: number) => ({
  ...{ catalog_key: 'github', name: `Code ${round}`, config: {} },
  auth: { method: 'oauth2', client_id: 'Ov23liDrillDrillDrill', client_secret: 'ab'.repeat(20) },
});
