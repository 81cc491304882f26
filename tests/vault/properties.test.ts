import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault, type Place, VaultError } from '../../src/vault/vault.ts';
import { anyText, figure, seed, tries } from '../security/measure.ts';

const vault = createVault(readKeyring({ masterKeys: `k1:${randomBytes(32).toString('base64')}`, dataDir: '/nowhere' }));
const tenant = (last: string) => `01980000-0000-7000-8000-00000000000${last}`;
const keysOf = (tenantId: string) => vault.unwrap([vault.newTenantKey(tenantId, 1), vault.newTenantKey(tenantId, 2)]);
const [ada, cleo] = [keysOf(tenant('a')), keysOf(tenant('c'))];

const text = anyText(200).map((each) => each.toWellFormed());
const place: fc.Arbitrary<Place> = fc.record({
  tenantId: fc.constant(ada.tenantId),
  table: fc.string({ maxLength: 30 }),
  rowId: fc.oneof(fc.uuid(), text),
  field: fc.oneof(fc.constantFrom('auth.client_secret', 'sealed'), text),
});
const runs = { numRuns: tries(500), seed };

const opens = (keys: typeof ada, at: Place, sealed: string): boolean => {
  try {
    vault.open(keys, at, sealed);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    return false;
  }
};

it('whatever was sealed opens in its place as it was', () => {
  fc.assert(
    fc.property(
      place,
      anyText(300).map((each) => each.toWellFormed()),
      (at, secret) => {
        const sealed = vault.seal(ada, at, secret);
        expect(vault.open(ada, at, sealed)).toBe(secret);
        if (secret.length > 3) expect(sealed).not.toContain(secret);
      },
    ),
    runs,
  );
});

it('no other place, and no other workspace’s keys, open it', () => {
  let tried = 0;
  fc.assert(
    fc.property(place, place, fc.constantFrom('table', 'rowId', 'field', 'all'), (at, other, part) => {
      const moved = part === 'all' ? other : { ...at, [part]: other[part as keyof Place] };
      fc.pre(JSON.stringify(moved) !== JSON.stringify(at));
      const sealed = vault.seal(ada, at, 'a secret');
      tried += 1;
      expect(opens(ada, moved, sealed)).toBe(false);
      expect(opens(cleo, at, sealed)).toBe(false);
      expect(opens(ada, { ...at, tenantId: cleo.tenantId }, sealed)).toBe(false);
    }),
    runs,
  );
  figure(`0 of ${tried * 3} moved envelopes open`);
});

it('parts of places do not run into each other', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 2, maxLength: 20 }), fc.nat(), (word, at) => {
      const cut = (at % (word.length - 1)) + 1;
      const sealed = vault.seal(
        ada,
        { tenantId: ada.tenantId, table: word.slice(0, cut), rowId: word.slice(cut), field: 'f' },
        'a secret',
      );
      expect(opens(ada, { tenantId: ada.tenantId, table: word, rowId: '', field: 'f' }, sealed)).toBe(false);
    }),
    runs,
  );
});

it('no changed byte opens, wherever it stands', () => {
  const at = { tenantId: ada.tenantId, table: 'connectors', rowId: 'row', field: 'auth.password' };
  let tried = 0;
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (secret, where, change) => {
      const [head, number, body = ''] = vault.seal(ada, at, secret).split('.');
      const bytes = Buffer.from(body, 'base64url');
      const place = where % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ change;
      tried += 1;
      expect(opens(ada, at, `${head}.${number}.${bytes.toString('base64url')}`)).toBe(false);
      expect(opens(ada, at, `${head}.${number === '1' ? 2 : 1}.${body}`)).toBe(false);
      expect(opens(ada, at, `${head}.${number}.${body.slice(0, place)}`)).toBe(false);
    }),
    runs,
  );
  figure(`0 of ${tried * 3} changed or cut envelopes open`);
});

it('no text that is none opens', () => {
  const at = { tenantId: ada.tenantId, table: 'connectors', rowId: 'row', field: 'auth.password' };
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        fc.string().map((rest) => `pb1.1.${rest}`),
        fc.base64String().map((rest) => `pb1.2.${rest}`),
      ),
      (sealed) => {
        expect(opens(ada, at, sealed)).toBe(false);
      },
    ),
    runs,
  );
});

it('never uses a nonce twice', () => {
  const at = { tenantId: ada.tenantId, table: 'connectors', rowId: 'row', field: 'auth.password' };
  const nonces = new Set<string>();
  const count = tries(500) * 4;
  for (let index = 0; index < count; index++)
    nonces.add(
      Buffer.from(vault.seal(ada, at, '').split('.')[2] ?? '', 'base64url')
        .subarray(0, 24)
        .toString('hex'),
    );
  expect(nonces.size).toBe(count);
});
