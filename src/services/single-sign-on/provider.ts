import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import { type Claims, createOidcClient, type OidcClient, type OidcError, type OidcFault } from '../../lib/oidc.ts';
import { createOutbound } from '../../lib/outbound/outbound.ts';
import { cleaned, emailProblem, nameProblem } from '../people/person-input.ts';

/** What the provider says about a person. */
export interface Vouched {
  sub: string;
  /** In lower case; null when there is none, or the provider did not check it. */
  email: string | null;
  /** What they said, unchecked; only for messages. */
  claimedEmail: string;
  name: string;
  /** null when the provider said nothing about groups. */
  groups: string[] | null;
}

const maxBytes = 1024 * 1024;

/** A client of the configured provider, whose hosts may be private: the operator named them. */
export function providerClient(settings: SingleSignOnConfig, { outbound }: Pick<Config, 'outbound'>): OidcClient {
  const { issuer, endpoints } = settings;
  const named = [issuer, endpoints?.token, endpoints?.jwks, endpoints?.userinfo].flatMap((each) => each ?? []);
  const hosts = named.map((each) => ({ host: bare(new URL(each).hostname), port: portOf(new URL(each)) }));
  const { fetch } = createOutbound({ ...outbound, allowed: [...outbound.allowed, ...hosts] });
  return createOidcClient(settings, (url, init) => fetch(url, init as RequestInit, { maxBytes }));
}

const bare = (host: string) => host.replace(/^\[|\]$/g, '');
const portOf = ({ port, protocol }: URL) => Number(port) || (protocol === 'https:' ? 443 : 80);

/** Whether the claims hold what the hub decides by. */
export const isEnough =
  ({ roles, groupsClaim }: SingleSignOnConfig) =>
  (claims: Claims): boolean =>
    claims.email !== undefined &&
    claims.email_verified !== undefined &&
    (!roles || groupsIn(claims, groupsClaim) !== null);

/** The claims in our words. */
export function readClaims(claims: Claims, { groupsClaim }: SingleSignOnConfig): Vouched {
  const email = cleaned(claims.email).toLowerCase();
  const checked = claims.email_verified === true && !emailProblem(email);
  const names = [claims.name, claims.preferred_username, email.split('@')[0]].map(cleaned);
  return {
    sub: claims.sub,
    email: checked ? email : null,
    claimedEmail: emailProblem(email) ? '' : email,
    name: names.find((name) => !nameProblem(name, 'a name')) ?? 'Somebody',
    groups: groupsIn(claims, groupsClaim),
  };
}

/** A claim of this very name, else one inside others: `realm_access.roles`. */
function groupsIn(claims: Claims, name: string): string[] | null {
  const inside = name.split('.').reduce<unknown>((at, part) => ownValue(at, part), claims);
  const value = ownValue(claims, name) ?? inside;
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}

const ownValue = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null && Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined;

/** What to tell the person. */
export function explainFault({ fault, detail }: OidcError, name: string): AppError {
  const sentences: Record<OidcFault, string> = {
    denied: `${name} did not let you in: you, or a rule there, said no. Try again, or ask whoever runs ${name}.`,
    refused: `${name} refused the sign-in (${detail}). Start again; if it stays so, tell your operator.`,
    client_refused: `${name} does not accept this hub, so nobody can sign in with it at the moment. Tell your operator that the client id and secret do not fit.`,
    unreachable: `${name} does not answer at the moment. Try again in a minute.`,
    unreadable: `${name} sent an answer that makes no sense. Try again in a minute; if it stays so, tell your operator.`,
    untrusted: `The answer of ${name} cannot be trusted, so you were not signed in. Start again; if it stays so, tell your operator.`,
  };
  const code = ['denied', 'refused', 'untrusted'].includes(fault) ? 'not_signed_in' : 'unavailable';
  return new AppError(code, sentences[fault]);
}
