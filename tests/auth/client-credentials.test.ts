import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clientCredentialsGrant } from '../../src/auth/client-credentials.ts';
import { TokenError } from '../../src/auth/token-error.ts';

const token = 'https://id.example/token';
const known = { token_url: token, client_id: 'hub', client_secret: 's3cret&' };

/** Asks a token endpoint that grants; what it was sent. */
async function ask(auth: Record<string, unknown>) {
  const sent: { url: string; headers: Headers; body: Record<string, string> }[] = [];
  const granted = await clientCredentialsGrant({ ...known, ...auth }, async (input, init = {}) => {
    const body = Object.fromEntries(new URLSearchParams(String(init.body)));
    sent.push({ url: String(input), headers: new Headers(init.headers), body });
    return Response.json({ access_token: 'tok', token_type: 'Bearer', expires_in: 60, scope: 'a b' });
  });
  const [first] = sent;
  if (!first || sent.length > 1) throw new Error('It was not asked once.');
  return { ...first, granted, authorization: first.headers.get('authorization') };
}

describe('a client that asks for itself', () => {
  it('names itself by Basic, and asks for no more than it was told to', async () => {
    const { url, body, authorization, granted } = await ask({});
    expect(url).toBe(token);
    expect(authorization).toBe(`Basic ${Buffer.from('hub:s3cret%26').toString('base64')}`);
    expect(body).toEqual({ grant_type: 'client_credentials' });
    expect(granted).toEqual({
      value: { access_token: 'tok', token_type: 'Bearer' },
      scopes: ['a', 'b'],
      expiresIn: 60,
    });
  });

  it('may name scopes, an audience and another grant, or itself in the body', async () => {
    const { body, authorization } = await ask({
      scope: 'read',
      audience: 'https://api.example',
      grant_type: 'urn:example:grant',
      client_authentication: 'post',
    });
    expect(authorization).toBeNull();
    expect(body).toEqual({
      scope: 'read',
      audience: 'https://api.example',
      grant_type: 'urn:example:grant',
      client_id: 'hub',
      client_secret: 's3cret&',
    });
  });
});

describe('a client that signs', () => {
  const pem = (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' }));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pairs: [string, { publicKey: KeyObject; privateKey: KeyObject }][] = [
    ['RS256', rsa],
    ['PS256', rsa],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ];
  const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());
  const signing = { client_authentication: 'private_key_jwt' };

  it.each(pairs)('proves itself by %s, to this endpoint only', async (algorithm, { publicKey, privateKey }) => {
    const { body, authorization } = await ask({
      ...signing,
      private_key: pem(privateKey),
      signing_algorithm: algorithm,
      key_id: 'key 7',
    });
    expect(authorization).toBeNull();
    expect(body).not.toHaveProperty('client_secret');
    expect(body.client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    const [head, claims, signature] = (body.client_assertion ?? '').split('.');
    expect(decoded(head)).toMatchObject({ kid: 'key 7' });
    expect(decoded(claims)).toMatchObject({ iss: 'hub', sub: 'hub', aud: token });
    const padding = algorithm === 'PS256' ? { padding: 6, saltLength: 32 } : {};
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const, ...padding };
    const hash = algorithm === 'EdDSA' ? null : 'sha256';
    const signed = verify(hash, Buffer.from(`${head}.${claims}`), key, Buffer.from(signature ?? '', 'base64url'));
    expect(signed).toBe(true);
  });

  it('signs by RS256 unless told, and names no key unless told', async () => {
    const { body } = await ask({ ...signing, private_key: pem(rsa.privateKey).replaceAll('\n', '\r\n') });
    const head = decoded((body.client_assertion ?? '').split('.')[0]);
    expect(head.alg).toBe('RS256');
    expect(head).not.toHaveProperty('kid');
  });

  it('asks nobody with a key that does not fit, and never quotes it', async () => {
    const key = pem(rsa.privateKey);
    for (const [private_key, signing_algorithm] of [
      [key, 'ES256'],
      [key, 'HS256'],
      ['no key at all', 'RS256'],
      [undefined, undefined],
    ]) {
      const error = await ask({ ...signing, private_key, signing_algorithm }).catch((each: unknown) => each);
      if (!(error instanceof TokenError)) throw new Error('It signs.');
      expect([error.fault, error.message, error.cause]).toEqual([
        'client',
        `was not asked: the private key is no ${signing_algorithm ?? 'RS256'} key in PKCS #8`,
        undefined,
      ]);
    }
  });
});
