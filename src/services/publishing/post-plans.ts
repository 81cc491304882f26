import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type LoadedDriver,
  type Preview,
  type PublishCapability,
  type PublishContent,
  problemsOf,
} from '../../drivers/driver.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { requireWithinLimits } from '../api-keys/key-limits.ts';
import { findTarget, type Target } from '../calls/call-targets.ts';
import { mustFind } from '../connectors/connectors.ts';
import { type ContentInput, timeProblems, withMedia } from './post-content.ts';

export interface PublishInput {
  /** Ids of connectors. */
  targets: string[];
  content: ContentInput;
  /** Null or left out: at once. */
  scheduledAt?: Date | null;
  /** An id that a form reserved: what was sent twice is published once. */
  id?: string;
}

/** One target of a content: what would appear there, and what stands against it. */
export interface Planned {
  connectorId: string;
  name: string;
  catalogKey: string;
  capability: PublishCapability | null;
  preview: Preview | null;
  /** By field, e.g. `content.text`; the target's own stand under ''. */
  problems: FieldErrors;
  target: (Target & { driver: LoadedDriver }) | null;
}

/** What a content would become at each target, with all that stands against it; nothing is published. */
export async function plan(ctx: Ctx, { targets, content: asked, scheduledAt }: PublishInput) {
  const { content, problems } = await withMedia(ctx, asked);
  if (!targets.length) problems.targets = ['Choose where to publish.'];
  Object.assign(problems, timeProblems(scheduledAt));
  const plans: Planned[] = [];
  for (const [index, connectorId] of targets.entries()) {
    const planned = await planFor(ctx, connectorId, content);
    if (targets.indexOf(connectorId) < index) planned.problems[''] = ['It is named twice.'];
    plans.push(planned);
  }
  return { plans, problems, content };
}

async function planFor(ctx: Ctx, connectorId: string, content: PublishContent): Promise<Planned> {
  const nothing = { connectorId, name: '', catalogKey: '', capability: null, preview: null, target: null };
  const find = async (tx: Tx) => {
    const connector = await mustFind(tx, ctx, connectorId);
    const driver = ctx.hub.drivers.get(connector.catalog.key);
    if (!driver?.publisher) throw new AppError('conflict', `${connector.name} cannot publish.`);
    await requireWithinLimits(tx, ctx, { tool: `${driver.entry.key}.publish`, connector, changes: true });
    return { driver, ...(await findTarget(tx, ctx, driver, { connectorId })) };
  };
  try {
    const target = await ctx.hub.db.asTenant(ctx.tenantId, find);
    const { connector, driver } = target;
    const capability = limitsOf(driver, connector.config);
    const preview = (await driver.publisher?.preview(content, connector.config)) ?? { parts: [], length: 0 };
    const found = {
      ...(capability && problemsOf(capability, content, preview)),
      ...driver.publisher?.check?.(content, connector.config),
    };
    const problems = Object.fromEntries(Object.entries(found).map(([field, why]) => [`content.${field}`, why]));
    return {
      connectorId,
      name: connector.name,
      catalogKey: connector.catalog.key,
      capability,
      preview,
      problems,
      target,
    };
  } catch (error) {
    if (error instanceof AppError && error.status < 500 && error.code !== 'not_found')
      return { ...nothing, problems: { '': [error.message] } };
    throw error;
  }
}

/** What may be published through a connector with these settings. */
export const limitsOf = (
  { entry, publisher }: LoadedDriver,
  config: Record<string, unknown>,
): PublishCapability | null => publisher?.limits?.(config) ?? entry.capabilities.publish ?? null;
