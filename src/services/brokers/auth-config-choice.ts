import type { Ctx } from '../../context.ts';
import {
  type AuthConfigRow,
  findAuthConfig,
  selectAuthConfigs,
  settleAuthConfig,
} from '../../db/queries/auth-configs.ts';
import { ServiceError, type ToolkitDetails, type ToolkitScheme } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { defaultsOf } from '../../lib/schema/walk.ts';
import { ensureAuthConfig } from './auth-configs.ts';
import { type BrokerTarget, callBroker } from './brokers.ts';

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
