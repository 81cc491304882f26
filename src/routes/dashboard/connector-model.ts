import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { AuthMethod } from '../../drivers/driver.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { shapeOf } from '../../lib/schema/shape.ts';
import { fieldAt, variantIndex } from '../../lib/schema/walk.ts';
import type { Accounts } from '../../services/connections/accounts.ts';
import { type PendingFile, standingOf } from '../../services/connector-files/pending-file.ts';
import type { Attention } from '../../services/connectors/attention.ts';
import { presentConnector } from '../../services/connectors/connector-view.ts';
import { byFile, managerOf, whyManaged } from '../../services/connectors/managed.ts';
import type { CheckedConnection } from '../../services/health/health-overview.ts';
import { type SecretState, withoutSecrets } from '../../services/secrets/secrets.ts';
import type { ConnectorCard, ConnectorDetail, FileNote, ShownValue } from '../view-models/connector.ts';
import { firstConnect } from './accounts-model.ts';
import { cardHealth, endingOf, fixOf } from './health-model.ts';

/** What a card tells beside the connector itself. */
interface Known {
  unreadable: string[];
  attention: Attention | null;
  accounts: Accounts | undefined;
  connections: CheckedConnection[] | undefined;
  pending: PendingFile | null;
}

/** By row the card that was made of it, and what else went into it. */
const cards = new WeakMap<ConnectorRow, { ingredients: unknown[]; card: ConnectorCard }>();

/** The same card again while nothing of what it is made of has changed: lists keep their rows, and so pages keep its HTML. */
export function connectorCard(ctx: Ctx, row: ConnectorRow, known: Known): ConnectorCard {
  // What needs somebody goes by the clock, and by who looks.
  if (known.attention || known.unreadable.length) return makeCard(ctx, row, known);
  const { pending, connections = [] } = known; // the accounts follow from these and the role
  const checked = connections.flatMap(({ connection, checks }) => [connection, checks.length]);
  const ingredients = [mayActAs(ctx.actor, 'admin'), ctx.hub.drivers.get(row.catalog.key), pending, ...checked];
  const kept = cards.get(row);
  if (kept && areSame(kept.ingredients, ingredients)) return kept.card;
  const card = makeCard(ctx, row, known);
  cards.set(row, { ingredients, card });
  return card;
}

const areSame = (some: unknown[], others: unknown[]) =>
  some.length === others.length && some.every((each, index) => each === others[index]);

function makeCard(
  ctx: Ctx,
  row: ConnectorRow,
  { unreadable, attention, accounts, connections = [], pending }: Known,
): ConnectorCard {
  const driver = ctx.hub.drivers.get(row.catalog.key);
  return {
    id: row.id,
    tenantId: row.tenantId,
    name: row.name,
    handle: row.handle,
    entry: {
      key: row.catalog.key,
      name: row.catalog.name,
      icon: row.catalog.icon,
      retired: row.catalog.retiredAt !== null,
    },
    authMethod: (row.auth.method ?? 'none') as AuthMethod,
    status: row.status,
    statusReason: row.statusReason ?? '',
    summary: driver?.summary?.(withoutSecrets(row.config)) ?? '',
    tags: row.tags,
    unreadable: unreadable.map((path) => labelAt(ctx, row, path)),
    changedAt: row.updatedAt,
    changedBy: row.updatedByName ?? 'Patchbay',
    locked: whyLocked(ctx, row),
    managed: mayActAs(ctx.actor, 'admin') ? managerOf(row) : '',
    file: fileNote(ctx, row, pending),
    connect: firstConnect(row, accounts),
    attention: attention !== null || unreadable.length > 0,
    ending: attention && endingOf(row, attention, connections),
    fix: attention && fixOf(ctx, row, attention, connections),
    health: cardHealth(row, connections, attention),
  };
}

function fileNote(ctx: Ctx, row: ConnectorRow, pending: PendingFile | null): FileNote | null {
  const standing = mayActAs(ctx.actor, 'admin') ? standingOf(ctx, row, pending) : null;
  if (!standing) return null;
  const { differs, takenOver } = standing;
  const fields = differs && { ...differs, fields: differs.fields.map((path) => fieldName(ctx, row, path)) };
  return { differs: fields, takenOver, managed: row.managedBy === byFile };
}

const fieldNames: Record<string, string> = { name: 'Name', tags: 'Tags', active: 'Active' };

const fieldName = (ctx: Ctx, row: ConnectorRow, path: string) => fieldNames[path] ?? labelAt(ctx, row, path);

function whyLocked(ctx: Ctx, row: ConnectorRow): string {
  return mayActAs(ctx.actor, 'admin')
    ? whyManaged(row)
    : 'Only owners and admins can change connectors. Ask one of them.';
}

const schemas = (ctx: Ctx, row: ConnectorRow): Record<string, JsonSchema | undefined> => {
  const entry = ctx.hub.drivers.get(row.catalog.key)?.entry;
  return { auth: entry?.authSchema, config: entry?.configSchema };
};

/** The title of the field at a path from the root, e.g. `auth.api_key`. */
export function labelAt(ctx: Ctx, row: ConnectorRow, path: string): string {
  const [part = '', ...rest] = path.split('.');
  const schema = schemas(ctx, row)[part];
  const value = part === 'auth' ? row.auth : row.config;
  return (schema && rest.length && fieldAt(schema, value, rest.join('.'))?.title) || path;
}

interface Row {
  label: string;
  value: ShownValue;
}

/** Everything that is configured, as labelled rows in the order of the form. */
export function connectorSections(ctx: Ctx, row: ConnectorRow, unreadable: string[]): ConnectorDetail['sections'] {
  const shown = presentConnector(ctx, row);
  const { auth, config } = schemas(ctx, row);
  const method: Row[] = auth ? [{ label: 'Method', value: { kind: 'text', text: methodTitle(auth, row) } }] : [];
  const sections = [
    { title: 'Authentication', rows: [...method, ...rowsOf(shown.auth, auth, 'auth', unreadable)] },
    { title: 'Configuration', rows: rowsOf(shown.config, config, 'config', unreadable) },
  ];
  return sections.filter(({ rows }) => rows.length);
}

const methodTitle = (schema: JsonSchema, row: ConnectorRow) =>
  schema.oneOf?.[variantIndex(schema, row.auth)]?.title ?? String(row.auth.method);

/** A retired entry has no schema any more: its fields then stand under their own names. */
function rowsOf(
  values: Record<string, unknown>,
  schema: JsonSchema | undefined,
  path: string,
  unreadable: string[],
): Row[] {
  const shape = schema && shapeOf(schema, values);
  const fields: [string, JsonSchema | undefined][] = shape
    ? shape.properties.filter(([, field]) => field.const === undefined)
    : Object.keys(values).map((key) => [key, undefined]);
  return fields.flatMap(([key, field]) => {
    const at = `${path}.${key}`;
    if (isGroup(values[key])) return rowsOf(values[key], field, at, unreadable);
    if (values[key] === undefined || (isUnset(values[key]) && !shape?.required.has(key))) return [];
    return [{ label: field?.title ?? key, value: shownValue(values[key], field, unreadable.includes(at)) }];
  });
}

const isSecret = (value: unknown): value is SecretState =>
  typeof value === 'object' && value !== null && 'is_set' in value;
const isUnset = (value: unknown): boolean => isSecret(value) && !value.is_set;
const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isSecret(value);

function shownValue(value: unknown, field: JsonSchema | undefined, unreadable: boolean): ShownValue {
  if (isSecret(value) && value.is_set && !value.updated_at) return { kind: 'text', text: 'Set in the environment' };
  if (isSecret(value))
    return { kind: 'secret', savedAt: value.updated_at ? new Date(value.updated_at) : null, unreadable };
  if (Array.isArray(value)) return value.length ? { kind: 'list', items: value.map(textOf) } : { kind: 'none' };
  if (value === undefined || value === null || value === '') return { kind: 'none' };
  if (field?.['x-readonly']) return { kind: 'copy', text: textOf(value) };
  return { kind: 'text', text: titleOf(value, field) };
}

/** A choice reads as in the form. */
function titleOf(value: unknown, field: JsonSchema | undefined): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  const index = field?.enum?.indexOf(value as string) ?? -1;
  return field?.['x-enum-titles']?.[index] ?? textOf(value);
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
