import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import type { Ctx } from '../../../src/context.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { installJobSchema } from '../../../src/db/job-schema.ts';
import { queues } from '../../../src/jobs/queues.ts';
import { startJobs } from '../../../src/jobs/worker.ts';
import { hostTurns } from '../../../src/lib/host-turns.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../../src/services/connectors/connectors.ts';
import { wipeEndedCredentials } from '../../../src/services/credentials/ended-credentials.ts';
import { checkQueue, scanDueChecks } from '../../../src/services/health/check-queue.ts';
import { runDueCheck } from '../../../src/services/health/scheduled-checks.ts';
import { jobStatus } from '../../../src/services/job-status.ts';
import { endStuckExecutions, forgetOldChecks, forgetOldExecutions } from '../../../src/services/tenants/histories.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startGithub } from '../../sandbox/github.ts';
import { wiring } from '../../sandbox/wiring.ts';
import { type TestApp, testApp } from '../../support/app.ts';

const [octocat = '', hubot = ''] = Object.keys(demo.tokens.github);
const patient = { timeout: 30_000, interval: 100 };

let github: StandIn;
let at: TestApp;
let ada: Ctx;
let jobs: ReturnType<typeof startJobs>;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  ada = at.ctx(at.cast.ada);
  jobs = startJobs(at.hub, {
    ...{ connection: at.database.hub, roleMode: 'separate logins', schedule: [], tuning: { cronSeconds: 1 } },
    queues: queues.filter(({ queue }) => queue.name === checkQueue.name),
    install: () => installJobSchema(at.database.admin),
  });
  await vi.waitUntil(async () => (await jobStatus(at.hub)).some(({ name }) => name === checkQueue.name), patient);
});
afterAll(async () => {
  await jobs.stop();
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

let count = 0;
async function installed(token = octocat) {
  count += 1;
  const auth = { method: 'token', access_token: token };
  return installConnector(ada, 'github', { name: `Code ${count}`, tags: [], config: {}, auth });
}
const run = (statement: ReturnType<typeof sql>) => at.database.db.asTenant(ada.tenantId, (tx) => tx.execute(statement));
const owner = (work: Parameters<typeof withConnection<unknown>>[1]) => withConnection(at.database.admin, work);
const connectionOf = async (id: string) => (await run(sql`select * from connections where connector_id = ${id}`))[0];
const checksOf = async (id: string) =>
  Number(
    (
      await run(
        sql`select count(*) as n from health_checks h join connections c on c.id = h.connection_id where c.connector_id = ${id}`,
      )
    )[0]?.n,
  );

describe('the job', () => {
  it('checks what was activated at once, and what was changed', async () => {
    const { id, version } = await installed();
    await setConnectorStatus(ada, id, 'active');
    await expect.poll(async () => (await connectionOf(id))?.health, patient).toBe('healthy');
    expect(await checksOf(id)).toBe(1);
    await updateConnector(ada, id, { version: version + 1, auth: { method: 'token', access_token: hubot } });
    await expect.poll(async () => (await connectionOf(id))?.account_label, patient).toBe('hubot');
  });

  it('comes by the scan for what is due, and leaves alone what is not', async () => {
    const [due, later, off] = [await installed(), await installed(), await installed()];
    for (const { id } of [due, later]) {
      await setConnectorStatus(ada, id, 'active');
      await expect.poll(() => checksOf(id), patient).toBe(1);
    }
    await run(
      sql`update connections set next_check_at = now() - interval '1 second' where connector_id in (${due.id}, ${off.id})`,
    );
    expect(await scanDueChecks(at.hub)).toBe(1);
    await expect.poll(() => checksOf(due.id), patient).toBe(2);
    expect([await checksOf(later.id), await checksOf(off.id)]).toEqual([1, 0]);
    const [job] = (await owner(
      (db) => db`select data from pgboss.job where name = ${checkQueue.name} limit 1`,
    )) as never[];
    expect(Object.keys((job as unknown as { data: object }).data).sort()).toEqual(['id', 'tenant_id']);
    expect(JSON.stringify(await owner((db) => db`select * from pgboss.job`))).not.toContain(octocat);
  });

  it('is made once, however often it was begun', async () => {
    const { id } = await installed();
    await setConnectorStatus(ada, id, 'active');
    await expect.poll(() => checksOf(id), patient).toBe(1);
    await run(sql`update connections set next_check_at = now() where connector_id = ${id}`);
    const connection = String((await connectionOf(id))?.id);
    await Promise.all(Array.from({ length: 5 }, () => runDueCheck(ada, connection)));
    expect(await checksOf(id)).toBe(2);
  });
});

describe('turns at a host', () => {
  it('are so many at once, given on in order, and not waited for for ever', async () => {
    const turns = hostTurns({ atOnce: 2, patienceMs: 300 });
    let most = 0;
    let now = 0;
    const ends: (() => void)[] = [];
    const work = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise<void>((resolve) => ends.push(resolve));
      now -= 1;
    };
    const slow = [turns('a', work), turns('a', work), turns('a', work)];
    expect(await turns('b', async () => {})).toBe(true);
    expect(await slow[2]).toBe(false);
    const waiting = turns('a', work);
    ends.shift()?.();
    await expect.poll(() => ends.length, patient).toBe(2);
    for (const end of ends) end();
    expect(await Promise.all([slow[0], slow[1], waiting])).toEqual([true, true, true]);
    expect(most).toBe(2);
  });
});

describe('histories', () => {
  it('end: old checks and executions go, credentials are wiped, and what was cut off is unknown', async () => {
    const { id: connectorId } = await installed();
    const connection = String((await connectionOf(connectorId))?.id);
    const [check, fresh] = [crypto.randomUUID(), crypto.randomUUID()];
    const [old, stuck, running] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const [kept, ended] = [crypto.randomUUID(), crypto.randomUUID()];
    await owner(async (db) => {
      const { tenantId } = ada;
      for (const [id, age] of [
        [check, '31 days'],
        [fresh, '29 days'],
      ] as const)
        await db`insert into health_checks (tenant_id, id, connection_id, status, steps, message, trigger, created_at)
          values (${tenantId}, ${id}, ${connection}, 'healthy', '[]', '', 'schedule', now() - ${age}::interval)`;
      for (const [id, age, status] of [
        [old, '91 days', 'failed'],
        [stuck, '11 minutes', 'running'],
        [running, '9 minutes', 'running'],
      ] as const)
        await db`insert into executions (tenant_id, id, tool, connector_id, status, actor_type, actor_name, request_id, created_at)
          values (${tenantId}, ${id}, 'github.get_user', ${connectorId}, ${status}, 'user', 'Ada', 'test', now() - ${age}::interval)`;
      for (const [id, version, until] of [
        [kept, 1, '1 hour'],
        [ended, 2, '-1 hour'],
      ] as const)
        await db`insert into credentials (tenant_id, id, connection_id, version, state, sealed, kept_until)
          values (${tenantId}, ${id}, ${connection}, ${version}, 'previous', 'sealed', now() + ${until}::interval)`;
    });
    expect(await forgetOldChecks(at.hub)).toBe(1);
    expect(await forgetOldExecutions(at.hub)).toBe(1);
    expect(await endStuckExecutions(at.hub)).toBe(1);
    expect(await wipeEndedCredentials(at.hub)).toBe(1);
    const ids = async (rows: Promise<Iterable<unknown>>) =>
      [...(await rows)].map((row) => Object.values(row as object));
    expect(await ids(run(sql`select id from health_checks where id in (${check}, ${fresh})`))).toEqual([[fresh]]);
    expect(
      await ids(run(sql`select id, status from executions where connector_id = ${connectorId} order by status`)),
    ).toEqual([
      [stuck, 'outcome_unknown'],
      [running, 'running'],
    ]);
    expect(
      await ids(
        run(sql`select id, state, sealed from credentials where connection_id = ${connection} order by version`),
      ),
    ).toEqual([
      [kept, 'previous', 'sealed'],
      [ended, 'revoked', null],
    ]);
  });
});
