import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, requireRole } from '../../context.ts';
import {
  type AuthConfigRow,
  claimAuthConfig,
  deleteUnmadeAuthConfig,
  settleAuthConfig,
} from '../../db/queries/auth-configs.ts';
import type { ToolkitDetails, ToolkitScheme, Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import { defaultsOf } from '../../lib/schema/walk.ts';
import { recordAudit } from '../audit.ts';
import { enteredSecrets } from '../calls/echoes.ts';
import { subject } from '../connectors/connectors.ts';
import { hubSecret } from '../secrets/keyring.ts';
import { type BrokerTarget, brokerProblem, callBroker } from './brokers.ts';
import { brokeredDetails } from './toolkit-details.ts';
import { mustFindBrokered } from './toolkit-lookup.ts';

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
    tenantId: ctx.tenantId,
    id: uuidv7(),
    connectorId: target.connector.id,
    toolkitSlug,
    scheme: wanted.scheme.scheme,
    managed: wanted.managed,
    settingsHash: await digestOf(ctx, wanted),
    ...madeBy(ctx),
    ...changedBy(ctx),
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
