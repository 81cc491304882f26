import { capital } from '../../lib/capital.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { object, secret, type ToolkitScheme, type Values } from '../driver.ts';
import { httpsAddress, items, line, list, lowerSlug, prose, record } from './read.ts';

/** How accounts of each scheme come to be; the others have values that somebody enters, or cannot be offered. */
const byLink = ['oauth1', 'oauth2', 'dcr_oauth'];

const titles: Record<string, string> = {
  oauth1: 'OAuth 1',
  oauth2: 'OAuth 2',
  dcr_oauth: 'OAuth 2',
  s2s_oauth2: 'OAuth 2 between servers',
  api_key: 'API key',
  basic: 'User name and password',
  basic_with_jwt: 'User name and password',
  bearer_token: 'Bearer token',
  google_service_account: 'Google service account',
  service_account: 'Service account',
  no_auth: 'No authentication',
};

/** One of a toolkit's ways to authenticate, with the fields of both steps as schemas of ours. */
export function schemeOf(detail: Values, managed: string[]): ToolkitScheme | null {
  const scheme = lowerSlug(detail.mode);
  if (!scheme) return null;
  const { auth_config_creation, connected_account_initiation } = record(detail.fields);
  const config = fieldsOf(auth_config_creation);
  const account = fieldsOf(connected_account_initiation);
  const connects = byLink.includes(scheme) ? 'link' : scheme === 'no_auth' ? 'none' : 'values';
  const empty = connects === 'values' && !Object.keys(account.schema.properties ?? {}).length;
  return {
    scheme,
    title: titles[scheme] ?? (line(detail.name, 100) || scheme),
    connects,
    managed: managed.includes(scheme),
    configFields: config.schema,
    accountFields: account.schema,
    helpUrl: httpsAddress(detail.auth_hint_url),
    unusable:
      config.unusable ?? account.unusable ?? (empty ? 'Composio does not say what an account of it needs.' : null),
  };
}

interface Fields {
  schema: JsonSchema;
  unusable: string | null;
}

const most = 50;

function fieldsOf(group: unknown): Fields {
  const { required, optional } = record(group);
  const given = [
    ...items(required, (item) => ({ ...item, required: true }) as Values, most + 1),
    ...items(optional, (item) => ({ ...item, required: false }) as Values, most + 1),
  ];
  const fields = given.map((item) => ({ name: nameOf(item), needed: item.required === true, schema: fieldOf(item) }));
  const nameless = fields.some(({ name, needed }) => needed && !name);
  const named = fields.filter((field): field is typeof field & { name: string } => field.name !== null);
  const properties = Object.fromEntries(named.slice(0, most).map(({ name, schema }) => [name, schema]));
  const needed = named.flatMap((field) => (field.needed ? field.name : []));
  const reasons = [
    nameless && 'One of the fields that it needs has a name that forms cannot have.',
    list(required).length > most && 'It needs more fields than a form can have.',
  ];
  return {
    schema: object(
      properties,
      [...new Set(needed)].filter((name) => Object.hasOwn(properties, name)),
    ),
    unusable: reasons.find((reason) => typeof reason === 'string') ?? null,
  };
}

/** Names are paths of our forms, in which dots divide. */
const nameOf = ({ name }: Values): string | null =>
  typeof name === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(name) && !['constructor', 'prototype'].includes(name)
    ? name
    : null;

/** Composio does not mark all of them. One marked in vain is only hidden; one that is not would be shown. */
const secretName = /(secret|passw|token|api_?key|private_?key|credential|bearer)(?!.*(url|uri|scope|id$))/i;

function fieldOf(item: Values): JsonSchema {
  const title = line(item.displayName, 100) || humanised(String(item.name ?? ''));
  const about: JsonSchema = { title, ...describedAs(prose(item.description, 500)) };
  if (item.is_secret === true || secretName.test(String(item.name ?? '')))
    return secret({ ...about, maxLength: 16_384 });
  const { default: preset } = item;
  if (item.type === 'boolean')
    return { type: 'boolean', ...about, ...(isFlag(preset) && { default: String(preset) === 'true' }) };
  if (item.type === 'number' || item.type === 'integer')
    return { type: item.type, ...about, ...(isNumber(preset) && { default: Number(preset) }) };
  const text = typeof preset === 'string' && preset.length <= 4096 ? prose(preset, 4096) : '';
  return {
    type: 'string',
    ...(item.required === true && { minLength: 1 }),
    maxLength: 4096,
    ...about,
    ...(text && { default: text }),
  };
}

const describedAs = (description: string) => (description ? { description } : {});
const isFlag = (value: unknown) => ['true', 'false'].includes(String(value));
const isNumber = (value: unknown) =>
  ['string', 'number'].includes(typeof value) && value !== '' && Number.isFinite(Number(value));

const humanised = (name: string) => capital(name.replace(/[_-]+/g, ' ').trim().toLowerCase());
