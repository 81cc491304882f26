import { createHash } from 'node:crypto';
import {
  type Account,
  type BrokerAccount,
  type LoadedDriver,
  ServiceError,
  type Values,
} from '../../drivers/driver.ts';
import { oneLine } from '../../lib/one-line.ts';
import { withoutTexts } from '../../lib/passed-headers.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { getAt, secretFields } from '../../lib/schema/walk.ts';

/** Shorter ones are words as well: taking them out would cripple sentences and hide nothing. */
const shortest = 4;
const isTelling = ({ length }: string) => length >= shortest;

/** What a call carries that nobody may read, whole and as it goes into a header. */
export function secretsIn({ entry }: Pick<LoadedDriver, 'entry'>, config: Values, auth: Values): string[] {
  const typed = [
    ...secretFields(entry.authSchema, auth).map((path) => getAt(auth, path)),
    ...secretFields(entry.configSchema, config).map((path) => getAt(config, path)),
  ];
  const { access_token, refresh_token, username, password } = auth;
  const pair = password === undefined ? undefined : Buffer.from(`${username}:${password}`).toString('base64');
  return [...typed, access_token, refresh_token, password, pair].filter((each) => typeof each === 'string');
}

/** What somebody entered into the secret fields of a schema. */
export const enteredSecrets = (schema: JsonSchema, values: Values): string[] =>
  secretFields(schema, values).flatMap((path) => {
    const value = getAt(values, path);
    return typeof value === 'string' ? [value] : [];
  });

const deepest = 5;
/** Characters of a service's sentence. */
const longest = 1_000;
/** Characters of a service's own code. */
const longestCode = 100;

/**
 * The error without the secrets that the call carried: some services say back what they were sent. A service's
 * own sentence and code stay on their line. What caused it is cleaned as well, because that is logged.
 */
export function withoutEchoes(error: unknown, secrets: string[]): unknown {
  const telling = secrets.filter(isTelling);
  let each = error;
  for (let depth = 0; each instanceof Error && depth < deepest; depth++) {
    const clean = withoutTexts(each.message, telling);
    const message = each instanceof ServiceError ? oneLine(clean, longest) : clean;
    if (message !== each.message) each.message = message;
    if (each instanceof ServiceError && each.serviceCode !== undefined)
      Object.assign(each, { serviceCode: oneLine(withoutTexts(each.serviceCode, telling), longestCode) });
    each = each.cause;
  }
  return error;
}

/** Characters of an account's id and name, and of a scope; and how many scopes anybody needs. */
const most = { name: 255, scope: 200, scopes: 200, requestId: 200 };

/** What a service says of an account or a grant, fit to be saved and shown: lines of limited length, without the call's secrets. */
export function plainAccount(account: Account, secrets: string[]): Account {
  const clean = (text: string) => withoutTexts(text, secrets.filter(isTelling));
  const externalId = plainId(clean(account.externalId));
  const label = oneLine(clean(account.label), most.name) || externalId;
  return { ...account, externalId, label, ...(account.scopes && { scopes: plainScopes(account.scopes) }) };
}

/** What a broker says of an account that it has just made of values, without those that are secret. */
export function accountWithoutEchoes(account: BrokerAccount, secrets: string[]): BrokerAccount {
  const clean = (text: string | null) => text && withoutTexts(text, secrets.filter(isTelling));
  return { ...account, label: clean(account.label), reason: clean(account.reason) };
}

/** Two ids that differ still do when they are cut. */
function plainId(id: string): string {
  const line = oneLine(id, most.name);
  if (line === id) return id;
  return `${oneLine(id, 180)} ${createHash('sha256').update(id).digest('hex')}`;
}

export const plainScopes = (scopes: string[]): string[] =>
  scopes
    .slice(0, most.scopes)
    .map((scope) => oneLine(scope, most.scope))
    .filter(Boolean);

/** The service's name for a request, which is kept and shown. */
export const plainRequestId = (id: string, secrets: string[]): string =>
  oneLine(withoutTexts(id, secrets.filter(isTelling)), most.requestId);

/** What a driver says of a healthy service: it quotes names that people gave themselves there. */
export const plainMessage = (text: string, secrets: string[]): string =>
  oneLine(withoutTexts(text, secrets.filter(isTelling)), longest);
