import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { makeChecksDue } from '../../db/queries/connection-checks.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import {
  type Broker,
  type ExecutionContext,
  type LoadedDriver,
  ServiceError,
  type SideEffect,
} from '../../drivers/driver.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { callOpened } from '../calls/calls.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { type BrokerOperation, observeBroker, outcomeOf } from './broker-metrics.ts';

export type BrokerDriver = LoadedDriver & { broker: Broker };

/** A connector whose service holds accounts at other services. */
export interface BrokerTarget {
  driver: BrokerDriver;
  connector: ConnectorRow;
}

/** The connector with its driver when that is a broker; null for every other one. */
export function asBroker({ hub }: Ctx, connector: ConnectorRow): BrokerTarget | null {
  const driver = hub.drivers.get(connector.catalog.key);
  return driver?.broker ? { driver: driver as BrokerDriver, connector } : null;
}

/**
 * A connector that is no broker is one toolkit itself: its accounts carry none, or the same account could be connected once more
 * under its name.
 * @throws AppError invalid_input for another toolkit, and for an auth config
 */
export function requireOwnToolkit(
  { name, catalog }: ConnectorRow,
  { toolkitSlug, authConfigId }: { toolkitSlug?: string | null; authConfigId?: string | null },
): void {
  if (authConfigId) throw invalid({ auth_config_id: ['This connector has no such configurations. Leave it out.'] });
  if (toolkitSlug && toolkitSlug !== catalog.key)
    throw invalid({ toolkit_slug: [`${name} has no toolkits beside ${catalog.name}. Leave it out.`] });
}

/** The workspace's connectors of brokers that are switched on, by name; those that work come first. */
async function selectBrokers(tx: Tx, ctx: Ctx, catalogKey?: string): Promise<BrokerTarget[]> {
  const keys = [...ctx.hub.drivers.values()].filter(({ broker }) => broker).map(({ entry }) => entry.key);
  const catalogKeys = catalogKey ? keys.filter((key) => key === catalogKey) : keys;
  if (!catalogKeys.length) return [];
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKeys, statuses: ['active', 'error'], limit: 50 });
  const ranked = rows.toSorted((a, b) => Number(b.status === 'active') - Number(a.status === 'active'));
  return ranked.flatMap((row) => asBroker(ctx, row) ?? []);
}

export const readBrokers = (ctx: Ctx, catalogKey?: string): Promise<BrokerTarget[]> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectBrokers(tx, ctx, catalogKey), { readOnly: true });

/** Whose accounts these are at the broker: the workspace's or a person's, under one connector. */
export const brokerUserId = (ctx: Pick<Ctx, 'tenantId'>, connectorId: string, userId: string | null): string =>
  [ctx.tenantId, connectorId, ...(userId ? [userId] : [])].join(':');

interface BrokerCallOptions {
  operation: BrokerOperation;
  sideEffect?: SideEffect;
  signal?: AbortSignal;
  /** What somebody entered to be sent, and nobody may read in a refusal. */
  secrets?: string[];
}

/** One call to a broker with the connector's own key, measured and in the log. @throws ServiceError, OutboundError, AppError conflict */
export async function callBroker<T>(
  ctx: Ctx,
  { driver, connector }: BrokerTarget,
  { operation, sideEffect = 'none', signal, secrets }: BrokerCallOptions,
  run: (broker: Broker, context: ExecutionContext) => Promise<T>,
): Promise<T> {
  const opened = await openTarget(ctx, { driver, connector, connection: null });
  const deadlineMs = driver.broker.timeoutMs(opened.config);
  const started = performance.now();
  const told = (outcome: string) => {
    const seconds = (performance.now() - started) / 1000;
    observeBroker(ctx.hub, { broker: driver.entry.key, operation, outcome, seconds });
    const fields = { operation, outcome, connector_id: connector.id, duration_ms: Math.round(seconds * 1000) };
    const level = outcome !== 'ok' ? 'warn' : sideEffect === 'none' ? 'debug' : 'info';
    ctx.log[level]({ ...fields, actor_id: ctx.actor.id }, 'a broker was called');
  };
  try {
    const options = { sideEffect, deadlineMs, attemptMs: deadlineMs, signal };
    const called = { ...opened, driver, secrets };
    const { value } = await callOpened(ctx, called, options, (context) => run(driver.broker, context));
    told('ok');
    return value;
  } catch (error) {
    told(outcomeOf(error));
    await lookSoon(ctx, connector.id, error);
    throw error;
  }
}

/** A broker that refuses its key is no passing trouble: the next scan checks the connector and says so. */
export async function lookSoon(ctx: Ctx, connectorId: string, error: unknown): Promise<void> {
  if (!(error instanceof ServiceError && error.fault === 'credential')) return;
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => makeChecksDue(tx, ctx.tenantId, connectorId));
}

interface Telling {
  /** What it is that the broker does not know, e.g. `toolkit`. */
  unknown?: string;
  /** The field to which a refusal belongs; what the broker names is a part of it. */
  field?: string;
  /** It may have happened although no answer came. */
  write?: boolean;
}

/** What a failed call to a broker means to whoever asked; everything that is no failure of the broker is given back as it is. */
export function brokerProblem(
  error: unknown,
  { connector }: BrokerTarget,
  { unknown, field, write }: Telling = {},
): unknown {
  const { name } = connector;
  if (error instanceof OutboundError) {
    if (write && error.mayHaveArrived)
      return new AppError(
        'outcome_unknown',
        `${name} took the request, but its answer was lost. Whether it took effect is not known: look there before you try again.`,
        { cause: error },
      );
    return new AppError('unavailable', `${name} cannot be reached. ${error.message}`, { cause: error, retryAfter: 10 });
  }
  if (!(error instanceof ServiceError)) return error;
  const { fault, message, retryAfterMs } = error;
  if (fault === 'not_found' && unknown) return notFound(unknown);
  if ((fault === 'input' || fault === 'not_found') && (error.field ?? field))
    return invalid({ [[field, error.field].filter(Boolean).join('.')]: [message] });
  if (fault === 'credential' || fault === 'permission')
    return new AppError('service_failed', `${name} does not work at the moment: ${message}`, { cause: error });
  if (fault === 'conflict') return new AppError('conflict', message, { cause: error });
  const retryAfter = Math.ceil((retryAfterMs ?? 10_000) / 1000);
  if (fault === 'rate_limited' || fault === 'service')
    return new AppError('unavailable', `${name} cannot do this now: ${message}`, { cause: error, retryAfter });
  return new AppError('service_failed', message, { cause: error });
}
