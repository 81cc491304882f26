import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

const least = {
  OIDC_ISSUER: 'https://login.example.com/realms/acme',
  OIDC_CLIENT_ID: 'patchbay',
  OIDC_CLIENT_SECRET: 'hush-hush-hush',
};
const endpoints = {
  OIDC_AUTHORIZATION_URL: 'https://login.example.com/authorize?tenant=acme',
  OIDC_TOKEN_URL: 'https://login.example.com/token',
  OIDC_JWKS_URL: 'https://keys.example.com/jwks',
};
const read = (env: Record<string, string>) => readConfig(env).singleSignOn;

describe('single sign-on', () => {
  it('is not there by default', () => {
    expect(read({})).toBeNull();
  });

  it('needs an issuer, an id and a secret, and asks the issuer for the rest', () => {
    expect(read(least)).toEqual({
      name: 'single sign-on',
      issuer: 'https://login.example.com/realms/acme',
      clientId: 'patchbay',
      clientSecret: 'hush-hush-hush',
      clientAuth: null,
      endpoints: null,
      scopes: 'openid profile email',
      groupsClaim: 'groups',
      roles: null,
      createPeople: false,
    });
  });

  it('takes the secret from a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'oidc-'));
    const file = path.join(folder, 'secret');
    writeFileSync(file, 'from-a-file\n');
    const { OIDC_CLIENT_SECRET: _, ...rest } = least;
    expect(read({ ...rest, OIDC_CLIENT_SECRET_FILE: file })?.clientSecret).toBe('from-a-file');
    rmSync(folder, { recursive: true });
  });

  it('takes endpoints, http on this machine alone', () => {
    expect(read({ ...least, ...endpoints })?.endpoints).toEqual({
      authorization: endpoints.OIDC_AUTHORIZATION_URL,
      token: endpoints.OIDC_TOKEN_URL,
      jwks: endpoints.OIDC_JWKS_URL,
      userinfo: null,
    });
    for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000'])
      expect(read({ ...least, OIDC_ISSUER: `http://${host}` })?.issuer).toBe(`http://${host}`);
  });

  it('maps groups with any sign in their names, and then lets new people in', () => {
    const roles = {
      'CN=Admins,OU="A: B",DC=corp': 'northwind:owner',
      '/team/everybody': ['northwind:member', 'x:admin'],
    };
    const found = read({ ...least, OIDC_ROLES: JSON.stringify(roles) });
    expect([...(found?.roles ?? [])]).toEqual([
      ['CN=Admins,OU="A: B",DC=corp', [{ workspace: 'northwind', role: 'owner' }]],
      [
        '/team/everybody',
        [
          { workspace: 'northwind', role: 'member' },
          { workspace: 'x', role: 'admin' },
        ],
      ],
    ]);
    expect(found?.createPeople).toBe(true);
    expect(read({ ...least, OIDC_ROLES: JSON.stringify(roles), OIDC_CREATE_PEOPLE: 'no' })?.createPeople).toBe(false);
    expect(read({ ...least, OIDC_CREATE_PEOPLE: 'yes' })?.createPeople).toBe(true);
  });

  it.each([
    [{ OIDC_ISSUER: '' }, 'OIDC_CLIENT_ID, OIDC_CLIENT_SECRET need OIDC_ISSUER as well.'],
    [{ OIDC_CLIENT_ID: '' }, 'OIDC_CLIENT_ID is required with OIDC_ISSUER'],
    [{ OIDC_CLIENT_SECRET: '' }, 'OIDC_CLIENT_SECRET is required with OIDC_ISSUER'],
    [{ OIDC_ISSUER: 'login.example.com' }, 'OIDC_ISSUER must be a full address'],
    [{ OIDC_ISSUER: 'https://me:hush-hush-hush@login.example.com' }, 'OIDC_ISSUER must be a full address'],
    [{ OIDC_ISSUER: 'https://login.example.com?x=1' }, 'OIDC_ISSUER must be a full address'],
    [{ OIDC_ISSUER: 'http://login.example.com' }, 'OIDC_ISSUER must be https'],
    [{ OIDC_ISSUER: 'http://127.0.0.1.example.com' }, 'OIDC_ISSUER must be https'],
    [{ OIDC_TOKEN_URL: 'https://x.example.com/t' }, 'OIDC_AUTHORIZATION_URL and OIDC_JWKS_URL are missing'],
    [{ OIDC_USERINFO_URL: 'https://x.example.com/u' }, 'go together'],
    [{ ...endpoints, OIDC_TOKEN_URL: 'http://login.example.com/token' }, 'OIDC_TOKEN_URL must be https'],
    [{ ...endpoints, OIDC_USERINFO_URL: 'ftp://x' }, 'OIDC_USERINFO_URL must be a full address'],
    [{ OIDC_CLIENT_AUTH: 'jwt' }, 'OIDC_CLIENT_AUTH must be basic or post'],
    [{ OIDC_NAME: 'A\u202eB' }, 'OIDC_NAME must be the name'],
    [{ OIDC_NAME: 'x'.repeat(61) }, 'OIDC_NAME must be the name'],
    [{ OIDC_SCOPES: 'profile email' }, 'OIDC_SCOPES must hold openid'],
    [{ OIDC_CREATE_PEOPLE: 'perhaps' }, 'OIDC_CREATE_PEOPLE must be yes or no'],
    [{ OIDC_ROLES: 'admins=northwind:admin' }, 'cannot be read as JSON'],
    [{ OIDC_ROLES: '["northwind:admin"]' }, 'this is no object'],
    [{ OIDC_ROLES: '{}' }, 'it names no group'],
    [{ OIDC_ROLES: '{"a": "northwind:root"}' }, 'the group "a" does not name'],
    [{ OIDC_ROLES: '{"a": ["northwind:admin", {}]}' }, 'the group "a" does not name'],
    [{ OIDC_ROLES: '{"a": [["northwind:admin"]]}' }, 'the group "a" does not name'],
    [{ OIDC_ROLES: '{"a": []}' }, 'the group "a" does not name'],
    [{ OIDC_ROLES: '{"a": "Northwind:admin"}' }, 'the group "a" does not name'],
  ])('is refused as %j, without telling the secret', (env, message) => {
    expect(() => read({ ...least, ...env })).toThrow(message);
    expect(() => read({ ...least, ...env })).not.toThrow('hush-hush-hush');
  });
});
