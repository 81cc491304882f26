import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import type { Page } from 'playwright';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { queueJob } from '../../src/jobs/queues.ts';
import { startJobs } from '../../src/jobs/worker.ts';
import { defineQueue, enqueue } from '../../src/services/queues.ts';
import { rotateMasterKey } from '../../src/services/secrets/master-keys.ts';
import { setOperator } from '../../src/services/tenants/operators.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/vault.ts';
import { masterKeys } from '../support/app.ts';
import { holdRow } from '../support/hold-row.ts';
import { expectNoOverflow } from './appearance.ts';
import { allSaid, announced, follow, said, slack } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const newer = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const hub = useStage({ env: { MASTER_KEYS: `${newer},${masterKeys}` } });
beforeAll(async () => {
  const { ada } = hub.cast;
  await setOperator(hub.hub, ada.email, true);
  await slack(hub, ada, 'Editorial');
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** The row of a table that begins with these words. */
const row = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });

/** A workspace whose data key is under the older master key, so that there is something to change. */
async function addOlder(): Promise<string> {
  const id = uuidv7();
  const key = createVault(readKeyring({ masterKeys, dataDir: '/nowhere' })).newTenantKey(id, 1);
  await hub.hub.db.system.execute(sql`insert into organizations (id, name, slug) values (${id}, 'Contoso', ${id})`);
  await hub.hub.db.asTenant(id, (tx) =>
    tx.execute(sql`
      insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
      values (${id}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`),
  );
  return id;
}

const hold = (tenantId: string) =>
  holdRow(hub.database.admin, sql`select from tenant_keys where tenant_id = ${tenantId} for update`);

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 390, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'dark' },
] as const;

async function expectGood(page: Page, what: string) {
  for (const { width, colorScheme } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await expectAccessible(page, `${what}, ${width}, ${colorScheme}`);
    await expectNoOverflow(page, `${what}, ${width}, ${colorScheme}`);
  }
}

describe('the doctor’s page', () => {
  it('shows every check in a word and a colour, and the browser’s own address', async () => {
    const page = await hub.open(hub.cast.ada, '/operator/doctor');
    expect(await said(row(page, 'row-level security'))).toMatch(/OK Every table of workspaces is fenced\./);
    for (const name of ['database version', 'database roles', 'migrations', 'clock', 'keyring', 'base URL'])
      expect(await row(page, name).count(), name).toBe(1);
    await soon(() => said(page.locator('#address'))).toContain(`The browser uses ${hub.url}, as BASE_URL says.`);
    expect(await said(row(page, 'port'))).toMatch(/Same$/);
    await expectGood(page, 'doctor');
  });

  it('lists the jobs with their last run and their last error', async () => {
    const queue = defineQueue('tidy-up');
    const run = async () => {
      throw new AppError('unavailable', 'The attic was locked.');
    };
    const jobs = startJobs(hub.hub, {
      ...{ connection: hub.database.hub, roleMode: 'separate logins', install: async () => {} },
      schedule: [{ name: 'count', cron: '17 * * * *', run: async () => 0 }],
      queues: [queueJob({ queue, run, concurrency: 1, perTenant: 1, retries: 0 })],
    });
    try {
      const { tenantId } = hub.cast.ada;
      const add = () =>
        hub.hub.db
          .asTenant(tenantId, (tx) => enqueue(tx, queue, { tenant_id: tenantId, id: tenantId }))
          .then(() => true)
          .catch(() => false);
      await soon(add).toBe(true);
      const page = await hub.open(hub.cast.ada, '/operator/doctor');
      const seen = async () => {
        await hub.visit(page, '/operator/doctor');
        return said(row(page, 'tidy-up'));
      };
      await expect.poll(seen, { timeout: 30_000, interval: 500 }).toMatch(/\d given up The attic was locked\. 0 /);
      expect(await row(page, 'count').count()).toBe(1);
      expect((await allSaid(row(page, 'jobs'))).join()).toContain('The attic was locked.');
      await expectGood(page, 'jobs');
    } finally {
      await jobs.stop();
    }
  });

  it('runs again, and says what is wrong now', async () => {
    const page = await hub.open(hub.cast.ada, '/operator/doctor');
    await addOlder();
    await follow(page.getByRole('link', { name: 'Run again' }));
    expect(await said(row(page, 'keyring'))).toMatch(/Attention In use: .*test \(1\).* Run make rotate-master-key\./);
    expect(await page.getByRole('row').nth(1).locator('.badge').textContent()).not.toBe('OK'); // the worst first
    await rotateMasterKey(hub.hub, hub.database.admin);
  });

  it('opens every secret upon request, also without JavaScript', async () => {
    const page = await hub.open(hub.cast.ada, '/operator/doctor', { javaScriptEnabled: false });
    await follow(button(page, 'Open every secret'));
    expect(await announced(page)).toEqual([expect.stringMatching(/^Secrets: All \d+ open\.$/)]);
    expect(await said(page.locator('#secrets'))).toMatch(/OK All \d+ open\..* Ada opened every secret of this hub/);
    await follow(page.locator('#secrets').getByRole('link', { name: 'this hub' }));
    expect(await said(page.locator('main'))).toMatch(/unreadable\s*0/);
  });
});

describe('behind a proxy that is set up wrongly', () => {
  let proxy: Server;
  let outside: string;
  beforeAll(async () => {
    proxy = createServer((from, to) => {
      const headers = { ...from.headers, host: 'inner', 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' };
      const onward = request(`${hub.url}${from.url}`, { method: from.method, headers }, (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
      });
      from.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    outside = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => proxy.close(resolve)));

  it('says which variable to change, by what the browser says', async () => {
    const signedIn = await hub.open(hub.cast.ada, '/operator/doctor');
    const page = await signedIn.context().newPage(); // not watched: it asks another origin
    await page.goto(`${outside}/operator/doctor`);
    const address = page.locator('#address');
    await soon(() => said(address)).toContain(`Set BASE_URL=${outside} and start every hub again`);
    expect(await said(row(page, 'port'))).toMatch(/Differs$/);
    expect(await said(row(page, 'scheme'))).toMatch(/Same$/);
    expect(await said(address)).toContain('set TRUSTED_PROXIES=127.0.0.1 and');
    await expectAccessible(page, 'a wrong address');
  });

  it('says which header to change, where the browser says nothing', async () => {
    const page = await hub.open(hub.cast.ada, '/operator/doctor', { javaScriptEnabled: false });
    const other = await page.context().newPage();
    await other.goto(`${outside}/operator/doctor`);
    expect(await said(other.locator('#address'))).toContain(
      'The proxy says X-Forwarded-Proto: https, but BASE_URL is http',
    );
  });
});

describe('the page of the keys', () => {
  it('begins the change, shows how far it is while it runs, and says which key can go', async () => {
    const release = await hold(await addOlder());
    const page = await hub.open(hub.cast.ada, '/operator/keys');
    const panel = page.locator('#master-key');
    expect(await said(row(page, 'test'))).toBe('test Still needed 1 0');
    await follow(button(page, 'Wrap the rest'));
    expect(await announced(page)).toEqual(['It has begun. This page shows how far it is.']);
    expect(await said(panel)).toContain('It is under way');
    expect(await button(page, 'Wrap the rest').count()).toBe(0);
    await expectGood(page, 'keys under way');

    let polls = 0;
    page.on('request', (asked) => void (asked.url().endsWith('/operator/keys') && polls++));
    await soon(() => polls).toBeGreaterThan(0);
    await release();
    await soon(() => said(panel)).toContain('The key test can be removed from MASTER_KEYS: nothing needs it any more.');
    expect(await said(panel)).toContain('Ada changed the master key');
    expect(await panel.getAttribute('hx-trigger')).toBeNull(); // nobody asks any more
    await expectGood(page, 'keys done');
  });

  it('works without JavaScript: a click, and loading the page again', async () => {
    const release = await hold(await addOlder());
    const page = await hub.open(hub.cast.ada, '/operator/keys', { javaScriptEnabled: false });
    await follow(button(page, 'Wrap the rest'));
    const panel = page.locator('#master-key');
    expect(await said(panel)).toContain('It is under way');
    await release();
    await hub.deps.upkeep.background.idle();
    await follow(page.getByRole('link', { name: 'load the page again' }));
    expect(await said(panel)).toContain('The key test can be removed from MASTER_KEYS');
    expect(await said(panel)).toContain('MASTER_KEYS="k2:$(openssl rand -base64 32),');
  });

  it('changes one workspace’s data key from its page, by keyboard', async () => {
    const release = await hold(hub.cast.ada.tenantId);
    const page = await hub.open(hub.cast.ada, `/operator/tenants/${hub.cast.ada.tenantId}`);
    await button(page, 'New data key').focus();
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    const panel = page.locator('#data-keys');
    expect(await said(panel)).toContain('It is under way');
    await expectGood(page, 'data keys under way');
    await release();
    await hub.deps.upkeep.background.idle();
    await soon(() => said(panel)).toMatch(
      /No workspace has an older data key\.\s*Ada changed the data keys of Northwind/,
    );
  });
});
