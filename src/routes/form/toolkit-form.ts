import { type Ctx, mayActAs } from '../../context.ts';
import type { ToolkitScheme } from '../../drivers/driver.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { formFields } from '../../lib/forms/model.ts';
import type { ParsedForm } from '../../lib/forms/parse.ts';
import { errorSummary } from '../../lib/forms/summary.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import type { ConnectableToolkit } from '../../services/brokers/toolkit-connect.ts';
import { paths } from '../paths.ts';
import type { ConnectorForm } from '../view-models/dialog.ts';

/** One way to connect an account, as the form offers it. */
export interface Choice {
  key: string;
  title: string;
  scheme: ToolkitScheme;
  managed: boolean;
  /** Names of the fields that go into the auth config, and of those that go into the account. */
  settings: string[];
  credential: string[];
}

/** The ways that this person has: applications of one's own are for those who may make auth configs. */
export function choicesOf({ details, target }: ConnectableToolkit, ctx: Ctx): Choice[] {
  const admin = mayActAs(ctx.actor, 'admin');
  const broker = target.connector.catalog.name;
  const namesIn = ({ properties = {} }: JsonSchema) => Object.keys(properties);
  return details.authSchemes
    .filter(({ unusable, connects }) => unusable === null && connects !== 'none')
    .flatMap((scheme): Choice[] => {
      const { title, managed, connects } = scheme;
      const settings = namesIn(scheme.configFields);
      if (connects === 'values') {
        const needed = scheme.configFields.required ?? [];
        if (needed.length && !admin) return [];
        return [
          {
            key: scheme.scheme,
            title,
            scheme,
            managed: false,
            settings: needed,
            credential: namesIn(scheme.accountFields),
          },
        ];
      }
      const byBroker = {
        key: scheme.scheme,
        title: `${title}, with ${broker}’s application`,
        scheme,
        managed: true,
        settings: [],
        credential: [],
      };
      const byOwn = {
        ...byBroker,
        key: `${scheme.scheme}_own`,
        title: `${title}, with your own application`,
        managed: false,
        settings,
      };
      return [...(managed ? [byBroker] : []), ...(admin && settings.length ? [byOwn] : [])];
    });
}

/** @throws AppError invalid_input */
export function choiceOf(choices: Choice[], key: string): Choice {
  const found = choices.find((each) => each.key === key);
  if (!found) throw invalid({ 'way.method': ['Choose one of the ways that are offered.'] });
  return found;
}

/** The choices with their fields, as the form’s renderer and parser read it. */
export function waySchema(toolkit: ConnectableToolkit, ctx: Ctx): JsonSchema {
  const variants = choicesOf(toolkit, ctx).map((choice): JsonSchema => {
    const { configFields, accountFields } = choice.scheme;
    const from = (schema: JsonSchema, names: string[]) =>
      Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => names.includes(name)));
    const required = [...(configFields.required ?? []), ...(accountFields.required ?? [])];
    const named = [...choice.settings, ...choice.credential];
    return {
      type: 'object',
      title: choice.title,
      additionalProperties: false,
      required: ['method', ...required.filter((name) => named.includes(name))],
      properties: {
        method: { type: 'string', const: choice.key, title: 'Method' },
        ...from(configFields, choice.settings),
        ...from(accountFields, choice.credential),
      },
    };
  });
  return {
    type: 'object',
    title: 'Authentication',
    required: ['method'],
    discriminator: { propertyName: 'method' },
    oneOf: variants,
  };
}

/** Whose account it becomes; members connect their own only, and are not asked. */
export const aboutSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['for'],
  properties: {
    for: {
      type: 'string',
      title: 'For',
      description: 'Who can act through this account.',
      enum: ['workspace', 'me'],
      'x-enum-titles': ['Everybody in the workspace', 'Only you'],
    },
  },
};

export interface Sent {
  about: ParsedForm;
  way: ParsedForm;
}

interface Drawing {
  /** Begin with an account of one's own. */
  mine?: boolean;
  sent?: Sent;
  errors?: FieldErrors;
}

export async function toolkitForm(
  ctx: Ctx,
  toolkit: ConnectableToolkit,
  { mine, sent, errors = {} }: Drawing = {},
): Promise<ConnectorForm> {
  const { target, details, accounts } = toolkit;
  const choices = choicesOf(toolkit, ctx);
  const common = { errors, idPrefix: 'toolkit' };
  const begin = { for: mine ? 'me' : 'workspace' };
  const about = formFields(aboutSchema, {
    ...common,
    prefix: '',
    value: sent?.about.value ?? begin,
    rawValues: sent?.about.rawValues,
  });
  const way = choices.length
    ? formFields(waySchema(toolkit, ctx), {
        ...common,
        prefix: 'way',
        value: sent?.way.value,
        rawValues: sent?.way.rawValues,
      })
    : [];
  const sections = [
    { title: '', help: '', fields: mayActAs(ctx.actor, 'admin') ? about : [] },
    { title: 'Authentication', help: '', fields: way },
  ].filter(({ fields }) => fields.length);
  return {
    icon: target.connector.catalog.icon,
    heading: `Connect ${details.name}`,
    subtitle: `via ${target.connector.catalog.name}${details.description ? ` · ${details.description}` : ''}`,
    method: 'post',
    path: paths.toolkitAccounts(target.connector.id, details.slug),
    back: paths.catalog,
    hidden: { _tenant: ctx.tenantId },
    notice: [accounts.length ? `Connected already: ${accounts.join(', ')}.` : '', noWay(toolkit, choices)]
      .filter(Boolean)
      .join(' '),
    summary: errorSummary(
      sections.flatMap(({ fields }) => fields),
      errors,
    ),
    stale: null,
    sections: choices.length ? sections : [],
    submit: choices.length ? 'Connect' : '',
  };
}

function noWay({ details }: ConnectableToolkit, choices: Choice[]): string {
  if (choices.length) return '';
  if (details.noAuth) return `${details.name} needs no account: its tools can be called as they are.`;
  const [unusable] = details.authSchemes.flatMap((scheme) => scheme.unusable ?? []);
  return unusable ?? `An owner or admin has to enter an application for ${details.name} first.`;
}
