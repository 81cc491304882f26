import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../../src/errors.ts';
import { createTenant, type NewTenant } from '../../../src/services/tenants/tenants.ts';
import { type IdentityHub, identityHub, password } from '../people/identity-hub.ts';

let at: IdentityHub;
beforeAll(async () => {
  at = await identityHub();
});
afterAll(() => at.drop());
beforeEach(async () => {
  await query('delete from sessions');
});

const query = <T extends Record<string, unknown>>(text: string) => at.hub.db.system.execute<T>(sql.raw(text));
const make = (name: unknown, owner: Partial<NewTenant['owner']> = {}) =>
  createTenant(at.hub, { name, owner: { email: 'ada@example.com', password, ...owner } });
const errorsOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it should have been refused'),
    (error: AppError) => ({ code: error.code, errors: error.errors }),
  );
const counts = async () => {
  const [row] = await query(
    'select (select count(*)::int from organizations) as tenants, (select count(*)::int from users) as users, (select count(*)::int from members) as members',
  );
  return row;
};

describe('createTenant', () => {
  it('makes the workspace, its owner, its first data key and an audit row', async () => {
    const { tenant, owner } = await make('Zoë & Søn  Ltd.', { email: 'Zoe@Example.com', name: 'Zoë' });
    expect(tenant).toMatchObject({ name: 'Zoë & Søn  Ltd.', slug: 'zoe-s-n-ltd' });
    expect(owner).toMatchObject({ name: 'Zoë', email: 'zoe@example.com', existed: false });
    const rows = await at.hub.db.asTenant(tenant.id, async (tx) => ({
      keys: await tx.execute(sql`select number from tenant_keys`),
      audit: await tx.execute(
        sql`select action, actor_type, actor_name, subject_id, subject_name, details from audit_events`,
      ),
    }));
    expect([...rows.keys]).toEqual([{ number: 1 }]);
    expect([...rows.audit]).toEqual([
      {
        action: 'tenant.created',
        actor_type: 'system',
        actor_name: 'Patchbay',
        subject_id: tenant.id,
        subject_name: tenant.name,
        details: { owner: 'zoe@example.com', owner_existed: false },
      },
    ]);
    // The operators' trail outlives the workspace and its people, so it holds no address of theirs.
    const [event] = await at.hub.db.system.execute(
      sql`select details from operator_events where subject_id = ${tenant.id}`,
    );
    expect(event?.details).toEqual({ owner_id: owner.id, owner_existed: false });
    const { user } = await at.identity.signIn({ email: 'zoe@example.com', password, ip: null });
    expect(user.id).toBe(owner.id);
  });

  it('stores a salted hash and nothing else of the password', async () => {
    await make('Hashes one', { email: 'h1@example.com' });
    await make('Hashes two', { email: 'h2@example.com' });
    const rows = await query<{ password: string }>(
      `select password from accounts a join users u on u.id = a.user_id where u.email in ('h1@example.com', 'h2@example.com')`,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]?.password).not.toBe(rows[1]?.password);
    expect(JSON.stringify(rows)).not.toContain(password);
    expect(at.lines.join('')).not.toContain(password);
  });

  it('gives a person who is there already another workspace, and leaves their password alone', async () => {
    const first = await make('First', { email: 'cleo@example.com' });
    const second = await make('Second', { email: 'CLEO@example.com', password: 'another password', name: 'Somebody' });
    expect(second.owner).toEqual({ ...first.owner, existed: true });
    await expect(
      at.identity.signIn({ email: 'cleo@example.com', password: 'another password', ip: '1.1.1.1' }),
    ).rejects.toMatchObject({
      code: 'not_signed_in',
    });
    expect((await at.identity.signIn({ email: 'cleo@example.com', password, ip: '1.1.1.2' })).user.name).toBe('cleo');
  });

  it('lets workspaces share a name and gives each a slug of its own', async () => {
    const slugs = [];
    for (let i = 0; i < 7; i++) slugs.push((await make('Same Name')).tenant.slug);
    expect(slugs.slice(0, 5)).toEqual(['same-name', 'same-name-2', 'same-name-3', 'same-name-4', 'same-name-5']);
    expect(new Set(slugs).size).toBe(7);
  });

  it.each([['日本語'], ['!!!'], ['-']])('finds a slug for %s', async (name) => {
    expect((await make(name)).tenant.slug).toMatch(/^workspace/);
  });

  it('copes with twelve at once, with one name and one owner', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => make('At once', { email: 'race@example.com' })));
    expect(new Set(made.map(({ tenant }) => tenant.slug)).size).toBe(12);
    expect(new Set(made.map(({ owner }) => owner.id)).size).toBe(1);
    expect(made.filter(({ owner }) => !owner.existed)).toHaveLength(1);
  });

  it('keeps tenants apart from their first row on', async () => {
    const [one, two] = [await make('One'), await make('Two')];
    const seen = await at.hub.db.asTenant(one.tenant.id, (tx) => tx.execute(sql`select tenant_id from audit_events`));
    expect(new Set(seen.map((row) => row.tenant_id))).toEqual(new Set([one.tenant.id]));
    expect(two.tenant.id).not.toBe(one.tenant.id);
  });

  it('makes all of it or nothing', async () => {
    const before = await counts();
    const guard = async () => {
      throw new Error('no');
    };
    const input = { name: 'Half', owner: { email: 'half@example.com', password } };
    await expect(createTenant(at.hub, input, { guard })).rejects.toThrow('no');
    await expect(
      createTenant(
        {
          ...at.hub,
          vault: {
            ...at.hub.vault,
            newTenantKey: () => {
              throw new Error('no key');
            },
          },
        },
        input,
      ),
    ).rejects.toThrow('no key');
    expect(await counts()).toEqual(before);
  });
});

describe('what createTenant refuses', () => {
  it('is told all at once, beside the fields', async () => {
    const before = await counts();
    expect(await errorsOf(make('', { email: 'nobody', password: 'short' }))).toEqual({
      code: 'invalid_input',
      errors: {
        name: ['Enter a name for the workspace.'],
        'owner.email': ['Enter a full e-mail address, such as ada@example.com.'],
        'owner.password': ['Use at least 12 characters.'],
      },
    });
    expect(await counts()).toEqual(before);
  });

  it.each([
    [' '.repeat(5), 'Enter a name for the workspace.'],
    ['x'.repeat(256), 'Use at most 255 characters; these are 256.'],
    ['a\nb', expect.stringContaining('invisible control character')],
    ['a\u001b[31m', expect.stringContaining('invisible control character')],
    ['a\u0000', expect.stringContaining('invisible control character')],
    ['a\u202eb', expect.stringContaining('invisible control character')],
    ['a\ud800', expect.stringContaining('invisible control character')],
    [undefined, 'Enter a name for the workspace.'],
    [null, 'Enter a name for the workspace.'],
    [['Acme'], 'Enter a name for the workspace.'],
    [{}, 'Enter a name for the workspace.'],
    [42, 'Enter a name for the workspace.'],
  ])('the name %j', async (name, message) => {
    expect((await errorsOf(make(name))).errors).toEqual({ name: [message] });
  });

  it.each([
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'a b@example.com',
    'ada@example.com, cleo@example.com',
    'ada@exa mple.com',
    'ada@@example.com',
    'ada@example.com\nbcc:x@y.zz',
    'ada@-example.com',
    '.ada@example.com',
    'a..da@example.com',
    `${'x'.repeat(250)}@example.com`,
    'ada@example.com>',
    undefined,
    null,
    [],
    {},
    7,
  ])('the address %j', async (email) => {
    const { errors } = await errorsOf(make('Acme', { email }));
    expect(Object.keys(errors ?? {})).toEqual(['owner.email']);
  });

  it.each(['', 'elevenchars', 'x'.repeat(129), 'with a zero\u0000 byte', undefined, null, [], {}, 123456789012])(
    'the password %j',
    async (secret) => {
      const { errors } = await errorsOf(make('Acme', { password: secret }));
      expect(Object.keys(errors ?? {})).toEqual(['owner.password']);
      expect(JSON.stringify(errors)).not.toContain('elevenchars');
    },
  );

  it('is not what stands at the limits', async () => {
    expect(
      (await make('x'.repeat(255), { email: 'limit@example.com', password: 'p'.repeat(128) })).tenant.name,
    ).toHaveLength(255);
    expect(
      (await at.identity.signIn({ email: 'limit@example.com', password: 'p'.repeat(128), ip: '1.1.1.3' })).user.email,
    ).toBe('limit@example.com');
    expect((await make('A', { email: 'a+b.c-d_e@sub.example.co', password: 'twelve chars' })).owner.existed).toBe(
      false,
    );
    expect(
      (await at.identity.signIn({ email: 'a+b.c-d_e@sub.example.co', password: 'twelve chars', ip: '1.1.1.4' })).user,
    ).toBeDefined();
  });

  it('includes an owner that is no object', async () => {
    for (const owner of [undefined, null, 'ada@example.com', []])
      expect((await errorsOf(createTenant(at.hub, { name: 'Acme', owner } as unknown as NewTenant))).code).toBe(
        'invalid_input',
      );
  });
});
