import { isLoopback } from '../lib/loopback.ts';
import type { Role } from '../lib/role.ts';

/** A membership that a group of the provider stands for. */
export interface Grant {
  /** The workspace's slug. */
  workspace: string;
  role: Role;
}

/** The OpenID Connect provider that people sign in with; see docs/single-sign-on.md. */
export interface SingleSignOnConfig {
  /** What people call it; on the button. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How the hub shows its secret at the token endpoint; null leaves it to what the provider says. */
  readonly clientAuth: 'basic' | 'post' | null;
  /** null asks the issuer's discovery document. */
  readonly endpoints: {
    readonly authorization: string;
    readonly token: string;
    readonly jwks: string;
    readonly userinfo: string | null;
  } | null;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly groupsClaim: string;
  /** What each group stands for; null leaves memberships alone. */
  readonly roles: ReadonlyMap<string, readonly Grant[]> | null;
  /** Whether somebody whom nobody here knows gets an account. */
  readonly createPeople: boolean;
}

type Read = (name: string) => string | undefined;

const endpointNames = ['OIDC_AUTHORIZATION_URL', 'OIDC_TOKEN_URL', 'OIDC_JWKS_URL'] as const;
const others = [
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'OIDC_CLIENT_AUTH',
  ...endpointNames,
  'OIDC_USERINFO_URL',
  'OIDC_NAME',
  'OIDC_SCOPES',
  'OIDC_GROUPS_CLAIM',
  'OIDC_ROLES',
  'OIDC_CREATE_PEOPLE',
];

/** Reads the variables OIDC_*; adds a sentence to `problems` for each that does not make sense. */
export function readSingleSignOn(read: Read, problems: string[]): SingleSignOnConfig | null {
  const issuer = read('OIDC_ISSUER');
  if (!issuer) {
    const alone = others.filter((name) => read(name));
    if (alone.length) problems.push(`${alone.join(', ')} ${alone.length > 1 ? 'need' : 'needs'} OIDC_ISSUER as well.`);
    return null;
  }
  requireUrl('OIDC_ISSUER', issuer, problems, { plain: true });
  const roles = readRoles(read('OIDC_ROLES'), problems);
  return Object.freeze({
    name: readName(read('OIDC_NAME') ?? 'single sign-on', problems),
    issuer,
    clientId: required('OIDC_CLIENT_ID', read, problems),
    clientSecret: required('OIDC_CLIENT_SECRET', read, problems),
    clientAuth: readChoice('OIDC_CLIENT_AUTH', ['basic', 'post'] as const, read, problems),
    endpoints: readEndpoints(read, problems),
    scopes: readScopes(read('OIDC_SCOPES') ?? 'openid profile email', problems),
    groupsClaim: read('OIDC_GROUPS_CLAIM') ?? 'groups',
    roles,
    createPeople:
      (readChoice('OIDC_CREATE_PEOPLE', ['yes', 'no'] as const, read, problems) ?? (roles && 'yes')) === 'yes',
  });
}

function required(name: string, read: Read, problems: string[]): string {
  const value = read(name) ?? '';
  if (!value)
    problems.push(`${name} is required with OIDC_ISSUER: the provider gave it when you registered Patchbay there.`);
  return value;
}

function readChoice<T extends string>(name: string, choices: readonly T[], read: Read, problems: string[]): T | null {
  const value = read(name);
  if (value === undefined) return null;
  if (!choices.includes(value as T)) problems.push(`${name} must be ${choices.join(' or ')}; it is "${value}".`);
  return value as T;
}

function readName(name: string, problems: string[]): string {
  if (name.length > 60 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name))
    problems.push('OIDC_NAME must be the name of your provider, in at most 60 characters.');
  return name;
}

function readScopes(text: string, problems: string[]): string {
  const scopes = text.split(/[\s,]+/).filter(Boolean);
  if (!scopes.includes('openid') || !scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
    problems.push(`OIDC_SCOPES must hold openid and be separated by spaces; it is "${text}".`);
  return scopes.join(' ');
}

function readEndpoints(read: Read, problems: string[]): SingleSignOnConfig['endpoints'] {
  const [authorization = '', token = '', jwks = ''] = endpointNames.map((name) => read(name));
  const userinfo = read('OIDC_USERINFO_URL') ?? null;
  if (!authorization && !token && !jwks && !userinfo) return null;
  const missing = endpointNames.filter((name) => !read(name));
  if (missing.length)
    problems.push(
      `${endpointNames.join(', ')} go together; ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing.`,
    );
  for (const name of [...endpointNames, 'OIDC_USERINFO_URL']) {
    const url = read(name);
    if (url) requireUrl(name, url, problems);
  }
  return Object.freeze({ authorization, token, jwks, userinfo });
}

/** Tokens and the client's secret pass there: nothing between the machines may read them. */
function requireUrl(name: string, text: string, problems: string[], { plain = false } = {}): void {
  const url = URL.parse(text);
  const good =
    url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.hash && !(plain && url.search);
  if (!good)
    problems.push(`${name} must be a full address such as https://login.example.com; it is "${withoutLogin(text)}".`);
  else if (url.protocol === 'http:' && !isLoopback(url.hostname))
    problems.push(`${name} must be https, because secrets pass there; only an address of this machine may be http.`);
}

const withoutLogin = (text: string) => text.replace(/\/\/[^/@]*@/, '//…@');

/** `{"group": "workspace:role"}`, or a list of them for one group. */
function readRoles(text: string | undefined, problems: string[]): SingleSignOnConfig['roles'] {
  if (!text) return null;
  const wrong = (why: string) => {
    problems.push(
      `OIDC_ROLES must be JSON such as {"platform-team": "northwind:admin", "everybody": ["northwind:member"]}: ${why}.`,
    );
    return null;
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return wrong('this cannot be read as JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return wrong('this is no object');
  const groups = new Map<string, readonly Grant[]>();
  for (const [group, value] of Object.entries(parsed)) {
    const grants = [value].flat().map(readGrant);
    if (!group || !grants.length || grants.includes(null))
      return wrong(`the group ${JSON.stringify(group)} does not name workspaces and roles (owner, admin, member)`);
    groups.set(group, grants as Grant[]);
  }
  return groups.size ? groups : wrong('it names no group, so that nobody could sign in');
}

function readGrant(value: unknown): Grant | null {
  const [, workspace = '', role] = /^([a-z0-9-]{1,64}):(owner|admin|member)$/.exec(String(value)) ?? [];
  return typeof value === 'string' && role ? { workspace, role: role as Role } : null;
}
