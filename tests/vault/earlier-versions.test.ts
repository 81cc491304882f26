import { describe, expect, it } from 'vitest';
import { auditKeyId, auditMac } from '../../src/vault/audit-mac.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault, openStream } from '../../src/vault/vault.ts';

// What the first version wrote, byte for byte: whoever changes a format keeps reading this one.

const masterKey = Buffer.alloc(32, 7).toString('base64');
const vault = createVault(readKeyring({ masterKeys: `k1:${masterKey}`, dataDir: '/nowhere' }));
const tenantId = '01980000-0000-7000-8000-00000000000a';
const row = {
  tenantId,
  number: 12,
  masterKeyId: 'k1',
  wrapped: 'mNL34apuzRGBfvk7Xx+wDWyo+dhSm4SSdT+DNJAdd01pqmr8lE3+7NJyCUX0EOkUGWtVEjrhU5F9Mc+nhMhVrq8Zq98uoCc9',
};

describe('what an earlier version sealed', () => {
  it('opens: data keys and envelopes', () => {
    const place = { tenantId, table: 'connectors', rowId: 'row-1', field: 'auth.client_secret' };
    const sealed = 'pb1.12.lQ5piaUKMIMHN-ELmum2Kp_RWapB7w3288drKSFa9-9SO55Ug2okbCChmJg';
    expect(vault.open(vault.unwrap([row]), place, sealed)).toBe('kept');
  });

  it('opens: secrets of the hub', () => {
    const sealed = '0TvDilXqUv58Ne+qHWsBj1AzOG0SpmFM2r8lvUILih6sWtOfocvzuXEVnrI=';
    expect(vault.openForHub('session_signing', { masterKeyId: 'k1', sealed })).toBe('kept');
  });

  it('opens: backups', async () => {
    const sealed = Buffer.from(
      'UEFUQ0hCQVktQkFDS1VQLTEKQbZ7sUS0c1WNFlz1YLyj3VjO8VvQl4QjLI/RLcUSgI45aVvTd68LRQAAABV+rLa+w0aEjJ2ZfyoO5eMDwX84r3A=',
      'base64',
    );
    const pieces = openStream(
      'a passphrase',
      (async function* () {
        yield sealed;
      })(),
    );
    expect(String((await pieces.next()).value)).toBe('kept');
    expect((await pieces.next()).done).toBe(true);
  });

  it('compares alike: seals over the audit trail', () => {
    expect(auditKeyId(masterKey)).toBe('be49c8b933a5f751');
    expect(auditMac(masterKey, ['ab', 'ü', ''])).toBe('6DoWe4rhkCbJdqpcTSxtOU6KsWqmZNkppdj1fdFa7dI');
  });
});
