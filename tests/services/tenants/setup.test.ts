import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hub } from '../../../src/context.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { AppError } from '../../../src/errors.ts';
import { completeSetup, ensureFirstOwner, requireSetupToken, setupState } from '../../../src/services/tenants/setup.ts';
import { type IdentityHub, identityHub, password } from '../people/identity-hub.ts';

let at: IdentityHub;
beforeEach(async () => {
  at = await identityHub();
});
afterEach(() => at.drop());

const withAdmin = (env: Record<string, string> = {}): Hub => ({
  ...at.hub,
  config: at.configFor('http://127.0.0.1:3000', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password, ...env }),
});
const form = (token: unknown) => ({ token, tenant_name: 'Acme', name: 'Ada', email: 'ada@example.com', password });
const tokenOf = (url: string | null) => new URL(url ?? 'http://no.url').searchParams.get('token');
const tenants = async () =>
  (await at.hub.db.system.execute<{ name: string }>(sql`select name from organizations`)).map(({ name }) => name);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error) => (error instanceof AppError ? error.code : String(error)),
  );

describe('with ADMIN_*', () => {
  it('makes the first workspace and its owner, once', async () => {
    const hub = withAdmin({ ADMIN_TENANT: 'Acme' });
    expect(await ensureFirstOwner(hub)).toEqual({ state: 'created', url: null });
    expect(await ensureFirstOwner(hub)).toEqual({ state: 'done', url: null });
    expect(await tenants()).toEqual(['Acme']);
    expect((await at.identity.signIn({ email: 'ada@example.com', password, ip: null })).user.email).toBe(
      'ada@example.com',
    );
  });

  it('makes one when four replicas start at once', async () => {
    const hub = withAdmin();
    const others = Array.from({ length: 3 }, () => ({ ...hub, db: openDatabase({ connection: at.connection }) }));
    const answers = await Promise.all([hub, ...others].map(ensureFirstOwner));
    await Promise.all(others.map(({ db }) => db.close()));
    expect(answers.filter(({ state }) => state === 'created')).toHaveLength(1);
    expect(answers.filter(({ state }) => state === 'done')).toHaveLength(3);
    expect(await tenants()).toEqual(['Main']);
  });

  it('changes nothing when somebody is there already', async () => {
    await at.makeTenant('Older', 'cleo@example.com');
    expect(await ensureFirstOwner(withAdmin())).toEqual({ state: 'done', url: null });
    expect(await tenants()).toEqual(['Older']);
  });

  it('names the variable that it cannot use', async () => {
    const refused = await ensureFirstOwner(withAdmin({ ADMIN_EMAIL: 'ada@localhost' })).catch((error) => error);
    expect(refused.errors).toEqual({ ADMIN_EMAIL: ['Enter a full e-mail address, such as ada@example.com.'] });
  });
});

describe('without ADMIN_*', () => {
  it('gives every replica and every start the same address, and keeps the token sealed', async () => {
    const [one, two] = await Promise.all([ensureFirstOwner(at.hub), ensureFirstOwner(at.hub)]);
    expect(one).toEqual(two);
    expect(one).toEqual(await ensureFirstOwner(at.hub));
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:3000\/setup\?token=[\w-]{32}$/);
    const rows = await at.hub.db.system.execute(sql`select * from hub_secrets`);
    expect(JSON.stringify(rows)).not.toContain(tokenOf(one.url));
    expect(at.lines.join('')).not.toContain(tokenOf(one.url));
  });

  it('lets whoever has the token set the hub up, and nobody after that', async () => {
    const token = tokenOf((await ensureFirstOwner(at.hub)).url);
    expect(await setupState(at.hub)).toBe('open');
    await requireSetupToken(at.hub, token);
    const { tenant, owner } = await completeSetup(at.hub, form(token));
    expect({ tenant: tenant.name, owner: owner.name }).toEqual({ tenant: 'Acme', owner: 'Ada' });
    expect(await setupState(at.hub)).toBe('done');
    expect(await codeOf(requireSetupToken(at.hub, token))).toBe('not_found');
    expect(await codeOf(completeSetup(at.hub, form(token)))).toBe('not_found');
    expect(await codeOf(completeSetup(at.hub, { ...form(token), email: '' }))).toBe('not_found');
    expect(await tenants()).toEqual(['Acme']);
  });

  it('lets one of five posts win', async () => {
    const token = tokenOf((await ensureFirstOwner(at.hub)).url);
    const posts = Array.from({ length: 5 }, (_, i) =>
      completeSetup(at.hub, { ...form(token), email: `ada${i}@example.com` }),
    );
    const codes = await Promise.all(posts.map(codeOf));
    expect(codes.toSorted()).toEqual(['done', ...Array(4).fill('not_found')]);
    expect(await tenants()).toEqual(['Acme']);
    const [row] = await at.hub.db.system.execute(sql`select count(*)::int as count from users`);
    expect(row?.count).toBe(1);
  });

  it('shows nothing to a wrong token, whatever it is', async () => {
    const token = tokenOf((await ensureFirstOwner(at.hub)).url) as string;
    for (const wrong of [
      '',
      'x',
      token.slice(1),
      `${token}x`,
      ` ${token}`,
      token.toLowerCase() === token ? token.toUpperCase() : token.toLowerCase(),
      undefined,
      null,
      [token],
      { token },
      0,
    ]) {
      expect(await codeOf(requireSetupToken(at.hub, wrong))).toBe('not_found');
      expect(await codeOf(completeSetup(at.hub, form(wrong)))).toBe('not_found');
    }
    expect(await tenants()).toEqual([]);
  });

  it('keeps the token good while the form has errors, and names the form’s fields', async () => {
    const token = tokenOf((await ensureFirstOwner(at.hub)).url);
    const wrong = { token, tenant_name: '', name: 'a\nb', email: 'ada', password: 'short' };
    const refused = await completeSetup(at.hub, wrong).catch((error) => error);
    expect(Object.keys(refused.errors).toSorted()).toEqual(['email', 'name', 'password', 'tenant_name']);
    expect((await completeSetup(at.hub, form(token))).tenant.name).toBe('Acme');
  });
});

it('is over when the operator makes a workspace by command', async () => {
  const token = tokenOf((await ensureFirstOwner(at.hub)).url);
  await at.makeTenant('Made by hand', 'cleo@example.com');
  expect(await codeOf(completeSetup(at.hub, form(token)))).toBe('not_found');
});
