import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import {
  getApplication,
  listApplications,
  registerApplication,
  removeApplication,
  takesApplication,
} from '../../../src/services/authorizations/oauth-applications.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../../src/services/connectors/connectors.ts';
import { validateConfig } from '../../../src/services/connectors/validate-config.ts';
import { listOperatorEvents, type OperatorCtx } from '../../../src/services/tenants/operator-trail.ts';
import { type TestApp, testApp } from '../../support/app.ts';

const secret = '0123456789abcdef0123456789abcdef01234567';
const application = { client_id: 'Ov23liAbCdEfGhIjKlMn', client_secret: secret, scopes: ['repo'] };
const offer = 'Patchbay’s own application is available: leave client ID and secret empty.';

let at: TestApp;
let ctx: OperatorCtx;
beforeEach(async () => {
  at = await testApp();
  const { ada } = at.cast;
  ctx = { ...at.ctx(ada), actor: { type: 'user', id: ada.id, name: 'Ada' } };
});
afterEach(() => at.close());

const errorsOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error) => (error instanceof AppError ? (error.errors ? Object.keys(error.errors).sort() : error.code) : error),
  );
const mine = () => at.ctx(at.cast.ada);
const install = (auth: Record<string, unknown>, name = 'Code') =>
  installConnector(mine(), 'github', { name, tags: [], config: {}, auth: { method: 'oauth2', ...auth } });
const sealed = async () => {
  const rows = await at.hub.db.system.execute<{ sealed: string; master_key_id: string; name: string }>(
    sql`select * from hub_secrets where name like 'oauth_application:%'`,
  );
  return [...rows];
};

describe('an application of the hub', () => {
  it('lets tenants leave client ID and secret empty, everywhere the same', async () => {
    expect(await errorsOf(install({}))).toEqual(['auth.client_id', 'auth.client_secret']);
    await registerApplication(ctx, 'github', application);
    const row = await install({});
    expect(row.auth).toEqual({ method: 'oauth2' });
    expect(await validateConfig(mine(), 'github', { config: {}, auth: { method: 'oauth2' } })).toEqual({
      valid: true,
      errors: {},
    });
    const form = await (await at.as(at.cast.ada, 'GET', '/connectors/new?catalog_key=github')).text();
    expect(form).toContain(offer);
    const edit = await (await at.as(at.cast.ada, 'GET', `/connectors/${row.id}/edit`)).text();
    expect(edit).toContain(offer);
    const entry = await (await at.as(at.cast.ada, 'GET', '/api/catalog/github')).json();
    const variant = entry.auth_schema.oneOf[0];
    expect([variant.required, variant.description]).toEqual([['method'], expect.stringContaining(offer)]);
    expect(await errorsOf(setConnectorStatus(mine(), row.id, 'active'))).toBe('invalid_transition');
  });

  it('gives way to a tenant’s own, which is whole or not there', async () => {
    await registerApplication(ctx, 'github', application);
    expect(await errorsOf(install({ client_id: application.client_id }))).toEqual(['auth.client_secret']);
    expect(await errorsOf(install({ client_secret: secret }))).toEqual(['auth.client_id']);
    expect(await errorsOf(install({ client_id: 'short', client_secret: secret }))).toEqual(['auth.client_id']);
    const own = await install({ client_id: application.client_id, client_secret: secret });
    expect(own.auth).toMatchObject({
      client_id: application.client_id,
      client_secret: { $sealed: expect.any(String) },
    });
    const auth = { method: 'oauth2', client_id: 'Ov23liZzZzZzZzZzZzZz' };
    expect(await errorsOf(updateConnector(mine(), own.id, { version: own.version, auth }))).toBe('done');
  });

  it('is taken away again, and then every tenant needs its own', async () => {
    await registerApplication(ctx, 'github', application);
    await removeApplication(ctx, 'github');
    await removeApplication(ctx, 'github');
    expect(await sealed()).toEqual([]);
    expect(await errorsOf(install({}))).toEqual(['auth.client_id', 'auth.client_secret']);
    expect(await (await at.as(at.cast.ada, 'GET', '/connectors/new?catalog_key=github')).text()).not.toContain(offer);
    const { data } = await listOperatorEvents(ctx, {});
    const noted = data.filter(({ subjectType }) => subjectType === 'catalog_entry');
    expect(noted.map(({ action }) => action)).toEqual(['entry.application_removed', 'entry.application_registered']);
    expect(JSON.stringify(noted)).not.toContain(secret);
  });

  it('stands beside the switch of its entry', async () => {
    await registerApplication(ctx, 'github', application);
    expect([...(await listApplications(ctx))]).toEqual(['github']);
    expect((await getApplication(ctx, 'github')).application).toMatchObject({ clientId: application.client_id });
    expect([...takesApplication(ctx)].sort()).toEqual(['github', 'linkedin', 'slack', 'twitter', 'wordpress']);
    for (const key of ['openai', 'nothing', '__proto__'])
      expect(await errorsOf(registerApplication(ctx, key, application))).toBe('not_found');
  });
});

describe('its secret', () => {
  it('is sealed under the master keyring, bound to its entry, and shown nowhere', async () => {
    await registerApplication(ctx, 'github', application);
    const [row] = await sealed();
    const kept = { masterKeyId: row?.master_key_id ?? '', sealed: row?.sealed ?? '' };
    expect(at.hub.vault.openForHub(row?.name ?? '', kept)).toBe(secret);
    expect(() => at.hub.vault.openForHub('oauth_application:other', kept)).toThrow();
    for (const path of ['/operator/entries', '/operator/entries/github/application', '/operator/activity']) {
      await at.hub.db.system.execute(
        sql`insert into operators (user_id) values (${at.cast.ada.id}) on conflict do nothing`,
      );
      const page = await at.as(at.cast.ada, 'GET', path);
      expect([path, page.status, (await page.text()).includes(secret)]).toEqual([path, 200, false]);
    }
    for (const query of [sql`select * from hub_secrets`, sql`update provisioned_entries set oauth_client_id = 'x'`])
      await expect(at.hub.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query))).rejects.toThrow('permission');
  });

  it('is kept when it is left blank, unless the client ID changes', async () => {
    await registerApplication(ctx, 'github', application);
    const [before] = await sealed();
    await registerApplication(ctx, 'github', { ...application, client_secret: '', scopes: ['read:user'] });
    expect(await sealed()).toEqual([before]);
    const other = { ...application, client_id: 'Ov23liZzZzZzZzZzZzZz', client_secret: '' };
    expect(await errorsOf(registerApplication(ctx, 'github', other))).toEqual(['client_secret']);
    expect((await getApplication(ctx, 'github')).scopes).toEqual(['read:user']);
  });

  it('has to look like one of the service, as does the rest', async () => {
    const wrong = { client_id: 'short', client_secret: 'not hex', scopes: ['two words'] };
    expect(await errorsOf(registerApplication(ctx, 'github', wrong))).toEqual([
      'client_id',
      'client_secret',
      'scopes.0',
    ]);
    const blank = { client_id: '', client_secret: '', scopes: [] };
    expect(await errorsOf(registerApplication(ctx, 'github', blank))).toEqual(['client_id', 'client_secret', 'scopes']);
    expect(await sealed()).toEqual([]);
  });
});
