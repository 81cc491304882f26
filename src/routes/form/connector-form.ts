import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { CatalogEntry } from '../../drivers/driver.ts';
import type { FieldErrors } from '../../errors.ts';
import type { Field } from '../../lib/forms/field.ts';
import { formFields } from '../../lib/forms/model.ts';
import { type ParsedForm, parseForm, type RawValues } from '../../lib/forms/parse.ts';
import { errorSummary } from '../../lib/forms/summary.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import type { ConnectorInput } from '../../services/connectors/connector-input.ts';
import { computedFields } from '../../services/connectors/connector-view.ts';
import { NotUpgraded, upgrade } from '../../services/connectors/schema-migrations.ts';
import { storedSecretPaths, withoutSecrets } from '../../services/secrets/secrets.ts';
import { paths } from '../paths.ts';
import type { ConnectorForm, StaleEdit } from '../view-models/dialog.ts';

/** What every connector has, whatever its entry asks for; limits are the service's to judge. */
const aboutSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', title: 'Name', description: 'How your team will recognise it.', maxLength: 255 },
    tags: {
      type: 'array',
      title: 'Tags',
      description: 'To find it again. At most 20.',
      items: { type: 'string', maxLength: 50 },
    },
  },
};

/** What was sent, as values and as typed text, by part of the form. */
export interface Submitted {
  input: ConnectorInput;
  errors: FieldErrors;
  typed: RawValues;
}

/** Reads a submitted connector form; what the schemas do not know is ignored. */
export function readConnectorForm(entry: CatalogEntry, form: FormData): Submitted {
  const about = parseForm(aboutSchema, form, '');
  const auth = parseForm(entry.authSchema, form, 'auth');
  const config = parseForm(entry.configSchema, form, 'config');
  const { name = '', tags = [] } = about.value as { name?: string; tags?: string[] };
  return {
    input: { name, tags, auth: auth.value, config: config.value },
    errors: merged([about, auth, config], 'errors'),
    typed: merged([about, auth, config], 'rawValues'),
  };
}

const merged = <Key extends 'errors' | 'rawValues'>(parts: ParsedForm[], key: Key): ParsedForm[Key] =>
  Object.assign({}, ...parts.map((part) => part[key]));

interface Drawing {
  ctx: Ctx;
  entry: CatalogEntry;
  /** The connector being edited; null for a new one. */
  row: ConnectorRow | null;
  /** Reserved when a form for a new connector opens: its addresses can be copied before it is saved. */
  id: string;
  submitted?: Submitted;
  errors?: FieldErrors;
  stale?: StaleEdit;
  /** What saving brings to the schemas of today. */
  changes?: string[];
}

/** A form for a new connector. */
export const newForm = (ctx: Ctx, entry: CatalogEntry, again: Partial<Drawing> = {}): ConnectorForm =>
  draw({ ctx, entry, row: null, id: uuidv7(), ...again });

/** The form of an installed connector, as the schemas of today have it; without fields when its settings cannot be brought there. */
export const editForm = (
  ctx: Ctx,
  entry: CatalogEntry,
  row: ConnectorRow,
  again: Partial<Drawing> = {},
): ConnectorForm => {
  const driver = ctx.hub.drivers.get(entry.key);
  try {
    const current = driver ? upgrade(ctx, driver, row) : { ...row, changes: [] };
    return draw({ ctx, entry, row: current, id: row.id, changes: current.changes, ...again });
  } catch (error) {
    if (!(error instanceof NotUpgraded)) throw error;
    const form = draw({ ctx, entry, row, id: row.id });
    return { ...form, notice: error.message, sections: [], test: undefined, submit: '' };
  }
};

function draw(drawing: Drawing): ConnectorForm {
  const { ctx, entry, row, id, errors = {} } = drawing;
  const [name, tags] = fieldsOf(
    drawing,
    '',
    aboutSchema,
    row ? { name: row.name, tags: row.tags } : { name: entry.name, tags: [] },
  );
  const auth = fieldsOf(drawing, 'auth', entry.authSchema, row?.auth);
  const config = fieldsOf(drawing, 'config', entry.configSchema, row?.config);
  const sections = [
    { title: '', help: '', fields: present([name]) },
    { title: 'Authentication', help: '', fields: auth },
    { title: 'Configuration', help: '', fields: config },
    { title: 'Labels', help: '', fields: present([tags]) },
  ].filter(({ fields }) => fields.length);
  return {
    icon: entry.key,
    heading: row ? `Configure ${row.name}` : `Add ${entry.name}`,
    subtitle: row ? entry.name : entry.description,
    method: row ? 'put' : 'post',
    path: row ? paths.connector(row.id) : paths.connectors,
    back: row ? paths.installed : paths.catalog,
    hidden: { _tenant: ctx.tenantId, ...(row ? { version: String(row.version) } : { catalog_key: entry.key, id }) },
    notice: [upgradeNotice(drawing.changes), ctx.hub.drivers.get(entry.key)?.broker ? '' : noticeOf(entry)]
      .filter(Boolean)
      .join(' '),
    summary: errorSummary(
      sections.flatMap(({ fields }) => fields),
      errors,
    ),
    stale: drawing.stale ?? null,
    test: row ? paths.connectorTest(row.id) : paths.newConnectorTest,
    sections,
    submit: row ? 'Save changes' : `Add ${entry.name}`,
  };
}

const present = (fields: (Field | undefined)[]): Field[] => fields.filter((field) => field !== undefined);

function fieldsOf(
  { ctx, row, id, submitted, errors }: Drawing,
  prefix: '' | 'auth' | 'config',
  schema: JsonSchema,
  stored?: Record<string, unknown>,
): Field[] {
  const input =
    submitted && (prefix ? submitted.input[prefix] : { name: submitted.input.name, tags: submitted.input.tags });
  return formFields(schema, {
    prefix,
    value: input ?? (stored && withoutSecrets(stored)),
    errors,
    saved: new Set(savedSecrets(row, prefix, input)),
    computed: prefix === 'auth' ? computedFields(ctx, id) : {},
    rawValues: submitted?.typed,
    idPrefix: 'connector',
  });
}

/** Secrets of another method than the stored one are not there to be kept. */
function savedSecrets(
  row: ConnectorRow | null,
  prefix: '' | 'auth' | 'config',
  input?: Record<string, unknown>,
): string[] {
  if (!row || !prefix) return [];
  if (prefix === 'auth' && input && input.method !== row.auth.method) return [];
  return storedSecretPaths(row[prefix]).map((path) => `${prefix}.${path}`);
}

const upgradeNotice = (changes: string[] = []): string =>
  changes.length
    ? `This connector was saved under an older version of its settings, and works as it is. Saving brings it up to date: ${changes.join(' ')}`
    : '';

/** An entry whose driver cannot run anything yet does not pretend otherwise. */
const noticeOf = ({ name, capabilities }: CatalogEntry): string =>
  capabilities.tools
    ? ''
    : `This version of Patchbay keeps and checks the settings for ${name}. It cannot call ${name} yet.`;
