import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, requireRole } from '../context.ts';
import {
  type AuthConfigRow,
  claimAuthConfig,
  deleteUnmadeAuthConfig,
  findAuthConfig,
  selectAuthConfigs,
  settleAuthConfig,
} from '../db/queries/auth-configs.ts';
import { ServiceError, type ToolkitDetails, type ToolkitScheme, type Values } from '../drivers/driver.ts';
import { AppError, invalid } from '../errors.ts';
import { compileSchema } from '../lib/schema/compile.ts';
import { defaultsOf } from '../lib/schema/walk.ts';
import { recordAudit } from './audit.ts';
import { type BrokerTarget, brokerProblem, callBroker } from './brokers.ts';
import { subject } from './connectors.ts';
import { enteredSecrets } from './echoes.ts';
import { hubSecret } from './keyring.ts';
import { brokeredDetails, mustFindBrokered } from './toolkits.ts';

export interface AuthConfigInput {
  /** As the toolkit’s details name it; the first usable one without it. */
  scheme?: string;
  /** With the broker’s own application; without it, where the scheme offers that. */
  managed?: boolean;
  /** By the scheme’s `configFields`. */
  settings?: Values;
  connectorId?: string;
}

/**
 * How accounts of a toolkit are connected. The same settings again, also at the same moment, give the one that is there.
 * @throws AppError forbidden, not_found, invalid_input with `settings.…`, unavailable, outcome_unknown
 */
export async function createAuthConfig(
  ctx: Ctx,
  slug: string,
  input: AuthConfigInput,
): Promise<{ config: AuthConfigRow; created: boolean }> {
  requireRole(ctx, 'admin', 'make auth configs');
  const { target, toolkit } = await mustFindBrokered(ctx, slug, input.connectorId);
  const { value: details } = await brokeredDetails(ctx, target, toolkit);
  const wanted = checkConfig(details, input);
  return ensureAuthConfig(ctx, target, details, wanted);
}

export interface WantedConfig {
  scheme: ToolkitScheme;
  managed: boolean;
  settings: Values;
}

/** @throws AppError invalid_input */
function checkConfig(details: ToolkitDetails, input: AuthConfigInput): WantedConfig {
  const scheme = input.scheme
    ? details.authSchemes.find((each) => each.scheme === input.scheme?.toLowerCase())
    : details.authSchemes.find(isUsable);
  const offered = details.authSchemes.filter(isUsable).map((each) => each.scheme);
  if (!scheme)
    throw invalid({
      scheme: [offered.length ? `Choose one of: ${offered.join(', ')}.` : `${details.name} needs no authentication.`],
    });
  if (scheme.unusable) throw invalid({ scheme: [scheme.unusable] });
  if (scheme.connects === 'none') throw invalid({ scheme: [`${details.name} needs no authentication.`] });
  const managed = input.managed ?? (scheme.managed && !Object.keys(input.settings ?? {}).length);
  if (managed && !scheme.managed)
    throw invalid({
      managed: [
        `There is no ready application for ${details.name}. Enter one of your own in settings, and leave this out.`,
      ],
    });
  if (managed) {
    if (Object.keys(input.settings ?? {}).length)
      throw invalid({ settings: ['A managed one takes no settings. Leave them out.'] });
    return { scheme, managed, settings: {} };
  }
  const settings = { ...defaultsOf(scheme.configFields), ...input.settings };
  const errors = compileSchema(scheme.configFields, { prefix: 'settings' })(settings);
  if (Object.keys(errors).length) throw invalid(errors);
  return { scheme, managed, settings };
}

const isUsable = ({ unusable, connects }: ToolkitScheme) => unusable === null && connects !== 'none';

/** Seconds in which one at the broker is made, and milliseconds between two looks of those who wait for it. */
const claimSeconds = 60;
const lookEveryMs = 150;

/**
 * The configuration with these settings: the one that is there, else a new one. It asks for no right: whoever may connect an account may
 * do that with the way that the toolkit offers by itself.
 * @throws AppError as `brokerProblem`
 */
export async function ensureAuthConfig(
  ctx: Ctx,
  target: BrokerTarget,
  { slug: toolkitSlug, name }: ToolkitDetails,
  wanted: WantedConfig,
): Promise<{ config: AuthConfigRow; created: boolean }> {
  const values = {
    ...{ tenantId: ctx.tenantId, id: uuidv7(), connectorId: target.connector.id, toolkitSlug },
    ...{ scheme: wanted.scheme.scheme, managed: wanted.managed, settingsHash: await digestOf(ctx, wanted) },
    ...{
      createdBy: ctx.actor.id,
      updatedBy: ctx.actor.id,
      createdByName: ctx.actor.name,
      updatedByName: ctx.actor.name,
    },
  };
  for (const until = Date.now() + claimSeconds * 1000; ; await sleep(lookEveryMs)) {
    const { config, claimed, created } = await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
      claimAuthConfig(tx, values, claimSeconds),
    );
    if (config?.externalId) return { config, created: false };
    if (claimed) return { config: await make(ctx, target, config, name, wanted), created };
    if (Date.now() > until)
      throw new AppError('unavailable', `${target.connector.name} is busy. Try again shortly.`, { retryAfter: 5 });
  }
}

async function make(
  ctx: Ctx,
  target: BrokerTarget,
  config: AuthConfigRow,
  name: string,
  wanted: WantedConfig,
): Promise<AuthConfigRow> {
  const { toolkitSlug: toolkit, scheme, managed, id } = config;
  const input = { toolkit, scheme, managed, name: `${name} (Patchbay ${id.slice(-6)})`, values: wanted.settings };
  const secrets = enteredSecrets(wanted.scheme.configFields, wanted.settings);
  const options = { operation: 'create_auth_config', sideEffect: 'write', secrets } as const;
  try {
    const made = await callBroker(ctx, target, options, (broker, context) => broker.createAuthConfig(context, input));
    const after = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      const row = await settleAuthConfig(tx, ctx.tenantId, id, made.id);
      const details = { changed: [`${toolkit}, ${scheme}${managed ? ', managed' : ''}`] };
      await recordAudit(tx, ctx, { action: 'auth_config.created', subject: subject(target.connector), details });
      return row;
    });
    if (!after) throw new AppError('conflict', `${target.connector.name} was deleted meanwhile.`);
    return after;
  } catch (error) {
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) => deleteUnmadeAuthConfig(tx, ctx.tenantId, id)).catch(() => {});
    throw brokerProblem(error, target, { field: managed ? 'managed' : 'settings', write: true });
  }
}

/** Keyed, because settings hold secrets: of a plain hash, whoever reads the table could try them. */
async function digestOf({ hub }: Ctx, { managed, settings }: WantedConfig): Promise<string> {
  const key = await hubSecret(hub.db, hub.vault, 'auth_config_digest', () => randomBytes(32).toString('base64url'));
  const sorted = Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', key)
    .update(JSON.stringify([managed, sorted]))
    .digest('hex');
}

/** The workspace’s configurations of a toolkit under one connector. */
const authConfigsOf = (ctx: Ctx, connectorId: string, toolkitSlug: string): Promise<AuthConfigRow[]> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectAuthConfigs(tx, ctx.tenantId, connectorId, toolkitSlug), {
    readOnly: true,
  });

/** What an account is to be connected with. */
export interface ChosenConfig {
  config: AuthConfigRow;
  scheme: ToolkitScheme;
}

/**
 * The configuration that is named, else one that is there and fits, else one that the toolkit offers by itself.
 * @param connects by a person who agrees on a page, or by values that somebody enters
 * @throws AppError invalid_input
 */
export async function chooseAuthConfig(
  ctx: Ctx,
  target: BrokerTarget,
  details: ToolkitDetails,
  { authConfigId, connects }: { authConfigId?: string | null; connects: 'link' | 'values' },
): Promise<ChosenConfig> {
  const fitting = details.authSchemes.filter((each) => each.connects === connects && each.unusable === null);
  const schemeOf = (config: AuthConfigRow) => fitting.find(({ scheme }) => scheme === config.scheme);
  if (authConfigId) return named(ctx, target, details, { authConfigId, schemeOf });
  if (!fitting.length) throw invalid({ toolkit_slug: [otherWay(details, connects)] });
  const there = (await authConfigsOf(ctx, target.connector.id, details.slug)).filter(({ externalId }) => externalId);
  for (const config of there) {
    const scheme = schemeOf(config);
    if (scheme) return { config, scheme };
  }
  const scheme =
    fitting.find(({ managed }) => managed) ?? fitting.find(({ configFields }) => !configFields.required?.length);
  if (!scheme)
    throw invalid({
      auth_config_id: [
        `${details.name} needs an application of your own first. An owner or admin enters it with POST /api/toolkits/${target.driver.entry.key}.${details.slug}/auth-configs.`,
      ],
    });
  const managed = scheme.managed && connects === 'link';
  const settings = managed ? {} : defaultsOf(scheme.configFields);
  const { config } = await ensureAuthConfig(ctx, target, details, { scheme, managed, settings });
  return { config, scheme };
}

function otherWay(details: ToolkitDetails, connects: 'link' | 'values'): string {
  if (details.noAuth) return `${details.name} needs no account: its tools can be called as they are.`;
  return connects === 'link'
    ? `${details.name} needs nobody’s consent: send its credential with POST /api/connections.`
    : `${details.name} is connected by a person: begin with POST /api/connections/oauth/initiate.`;
}

interface Named {
  authConfigId: string;
  schemeOf(config: AuthConfigRow): ToolkitScheme | undefined;
}

async function named(
  ctx: Ctx,
  target: BrokerTarget,
  details: ToolkitDetails,
  { authConfigId, schemeOf }: Named,
): Promise<ChosenConfig> {
  const config = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findAuthConfig(tx, ctx.tenantId, authConfigId), {
    readOnly: true,
  });
  if (!config || config.connectorId !== target.connector.id || config.toolkitSlug !== details.slug)
    throw invalid({ auth_config_id: [`${details.name} has no such auth config here.`] });
  const scheme = schemeOf(config);
  if (!scheme)
    throw invalid({
      auth_config_id: [`Accounts of this auth config are connected in another way (${config.scheme}).`],
    });
  if (!config.externalId) throw gone(config, details, target);
  return { config, scheme };
}

const gone = ({ managed }: AuthConfigRow, { name }: ToolkitDetails, { connector }: BrokerTarget) =>
  invalid({
    auth_config_id: [
      `This auth config of ${name} was deleted at ${connector.catalog.name}. ${managed ? 'Leave it out: a new one is made.' : 'Make it again with its settings; its id stays.'}`,
    ],
  });

/**
 * Does what needs the configuration at the broker. One that was deleted there is made again when it needs no settings, else told.
 * @throws what `work` throws, AppError invalid_input
 */
export async function withAuthConfig<T>(
  ctx: Ctx,
  target: BrokerTarget,
  details: ToolkitDetails,
  chosen: ChosenConfig,
  work: (externalId: string) => Promise<T>,
): Promise<T> {
  const { config, scheme } = chosen;
  try {
    return await work(config.externalId ?? '');
  } catch (error) {
    if (!(error instanceof ServiceError && error.fault === 'not_found')) throw error;
    if (!(await isGone(ctx, target, config))) throw error;
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) => settleAuthConfig(tx, ctx.tenantId, config.id, null));
    if (!config.managed && scheme.configFields.required?.length) throw gone(config, details, target);
    ctx.log.warn({ auth_config_id: config.id }, 'an auth config was deleted at its broker and is made again');
    const settings = config.managed ? {} : defaultsOf(scheme.configFields);
    const { config: again } = await ensureAuthConfig(ctx, target, details, {
      scheme,
      managed: config.managed,
      settings,
    });
    return work(again.externalId ?? '');
  }
}

async function isGone(ctx: Ctx, target: BrokerTarget, { externalId }: AuthConfigRow): Promise<boolean> {
  const options = { operation: 'read_auth_config' } as const;
  try {
    await callBroker(ctx, target, options, (broker, context) => broker.getAuthConfig(context, externalId ?? ''));
    return false;
  } catch (error) {
    if (error instanceof ServiceError && error.fault === 'not_found') return true;
    throw error;
  }
}
