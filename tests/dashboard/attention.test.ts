import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tx } from '../../src/db/client.ts';
import { insertConnection } from '../../src/db/queries/connections.ts';
import { attentionTo } from '../../src/services/connectors/attention.ts';
import { browseInstalled } from '../../src/services/connectors/installed.ts';
import { addCredential } from '../../src/services/credentials/credentials.ts';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp({ BASE_URL: 'http://hub.localhost' });
});
afterAll(() => at.close());

const day = 24 * 3_600_000;
const inTenant = <T>(work: (tx: Tx) => Promise<T>) => at.hub.db.asTenant(at.cast.ada.tenantId, work);

/** A connector that is switched on, with an account that is well. */
async function connector(
  name: string,
  auth: object = { method: 'oauth2', client_id: 'Ov23liAbCdEfGhIjKlMn', client_secret: 'a'.repeat(40) },
) {
  const body = { catalog_key: 'github', name, config: {}, auth };
  const made = await at.as(at.cast.ada, 'POST', '/api/connectors', body);
  expect(made.status, await made.clone().text()).toBe(201);
  const { id } = await made.json();
  await inTenant((tx) => tx.execute(sql`update connectors set status = 'active' where id = ${id}`));
  return id as string;
}

const account = (connectorId: string, values: Partial<Parameters<typeof insertConnection>[1]> = {}) => {
  const id = uuidv7();
  const row = { tenantId: at.cast.ada.tenantId, id, connectorId, accountLabel: 'octo-ada', externalAccountId: id };
  return inTenant((tx) => insertConnection(tx, { ...row, health: 'healthy', ...values }));
};

const grant = (connection: { id: string }, expiresAt: Date) => {
  const value = { access_token: 'gho_canary' };
  const row = {
    state: 'current' as const,
    kind: 'grant' as const,
    value,
    destinations: [],
    scopes: [],
    expiresAt,
    verifiedAt: null,
  };
  return inTenant((tx) => addCredential(tx, at.ctx(at.cast.ada), connection, row));
};

const page = async (path: string, person: Person = at.cast.ada) => (await at.as(person, 'GET', path)).text();
const cards = (html: string) =>
  html
    .split('<li id="connector-')
    .slice(1)
    .map((card) => ({ name: card.match(/<h2[^>]*><a[^>]*>([^<]*)/)?.[1] ?? '', card }));
const counted = (html: string) => html.match(/status=attention"[^>]*>Needs attention\s*<span[^>]*>(\d+)/)?.[1];

describe('what needs attention', () => {
  it('is the same for filter, counter, order and card, with what mends it, the most urgent first', async () => {
    await connector('A well one').then((id) => account(id));
    const off = await connector('B switched off');
    await account(off, { status: 'expired' });
    await inTenant((tx) => tx.execute(sql`update connectors set status = 'inactive' where id = ${off}`));
    const ending = await connector('C ending');
    await account(ending).then((made) => grant(made, new Date(Date.now() + 3 * day)));
    const renewed = await account(await connector('D renewed'), { refreshAfter: new Date() });
    await grant(renewed, new Date(Date.now() + day));
    await account(await connector('E ends in a month')).then((made) => grant(made, new Date(Date.now() + 30 * day)));
    const broken = await connector('F one of two refused');
    await account(broken);
    await account(broken, {
      status: 'expired',
      statusReason: 'The service no longer accepts it.',
      accountLabel: 'octo-ben',
    });
    await account(await connector('G unhealthy'), { health: 'unhealthy' });
    const down = await connector('H out of order');
    await account(down, { status: 'inactive' });
    await inTenant((tx) =>
      tx.execute(sql`update connectors set status = 'error', status_reason = 'None is on.' where id = ${down}`),
    );

    const locked = await connector('I with a lost secret');
    await inTenant((tx) =>
      tx.execute(
        sql`update connectors set auth = jsonb_set(auth, '{client_secret,$sealed}', to_jsonb('broken'::text)) where id = ${locked}`,
      ),
    );

    const all = await page('/installed');
    const needy = ['H out of order', 'I with a lost secret', 'F one of two refused', 'G unhealthy', 'C ending'];
    expect(cards(all).map(({ name }) => name)).toEqual([
      ...needy,
      'A well one',
      'B switched off',
      'D renewed',
      'E ends in a month',
    ]);
    expect(
      cards(all)
        .filter(({ card }) => card.includes('Needs attention'))
        .map(({ name }) => name),
    ).toEqual(needy);
    const filtered = await page('/installed?status=attention');
    expect(cards(filtered).map(({ name }) => name)).toEqual(needy);
    expect([counted(all), counted(filtered)]).toEqual(['5', '5']);

    const [one, lost, two, three, four] = cards(filtered).map(({ card }) => card.replace(/\s+/g, ' '));
    expect(one).toMatch(/None is on\..*Switch on/);
    expect(lost).toMatch(/Could not be opened: Client secret\. Enter it again.*btn primary sm/);
    expect(two).toMatch(/no longer accepts it.*>Reconnect/);
    expect(three).toMatch(/>Check now/);
    expect([one, lost, two, three].map((card) => card?.includes('Configure<'))).toEqual([false, true, false, false]);
    expect(four).toMatch(
      /The access of <strong>octo-ada<\/strong> ends <time[^>]*>in 3 days<.*cannot renew it.*>Reconnect/,
    );
    expect((await page(`/connectors/${ending}`)).replace(/\s+/g, ' ')).toMatch(
      /Needs attention.*cannot renew it.*>Reconnect/,
    );
  });

  it('leaves members out of what is somebody else’s', async () => {
    const id = await connector('Personal', {
      method: 'oauth2',
      client_id: 'Ov23liAbCdEfGhIjKlMn',
      client_secret: 'a'.repeat(40),
      personal_accounts: true,
    });
    await account(id);
    await account(id, { status: 'expired', userId: at.cast.ada.id });
    expect(await attentionTo(at.ctx(at.cast.ada), id)).toMatchObject({ cause: 'account' });
    expect(await attentionTo(at.ctx(at.cast.ben), id)).toBeNull();
    expect(cards(await page('/installed?q=Personal', at.cast.ben))[0]?.card).not.toContain('Needs attention');
  });

  it('is found among many accounts, and goes on from page to page, each connector once', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 60; i++) ids.push(await connector(`Many ${String(i).padStart(3, '0')}`));
    // So many that a plan which compares all with all would not come to an end in time.
    for (const id of ids)
      for (let i = 0; i < 4; i++) await account(id).then((made) => grant(made, new Date(Date.now() + 30 * day)));
    for (const id of ids.slice(55)) await account(id, { status: 'failed' });
    const first = await browseInstalled(at.ctx(at.cast.ada), { q: 'Many' });
    const second = await browseInstalled(at.ctx(at.cast.ada), { q: 'Many', cursor: first.list.nextCursor ?? '' });
    const names = [...first.list.data, ...second.list.data].map(({ name }) => name);
    expect(names.slice(0, 5)).toEqual(['Many 055', 'Many 056', 'Many 057', 'Many 058', 'Many 059']);
    expect([names.length, new Set(names).size, second.list.nextCursor]).toEqual([60, 60, null]);
  });
});
