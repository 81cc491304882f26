import { setTimeout as sleep } from 'node:timers/promises';
import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectorRow, findConnector, selectConnectors } from '../../db/queries/connectors.ts';
import { lockFiles, selectDeletedByHandle, setManagement } from '../../db/queries/file-connectors.ts';
import { AppError } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { deleteConnector, restoreConnector, setConnectorStatus } from '../connectors/connector-status.ts';
import { installConnector, mustFind, subject, updateConnector } from '../connectors/connectors.ts';
import { byFile } from '../connectors/managed.ts';
import { setDefaultModelConnector } from '../gateway/model-settings.ts';
import { systemCtx } from '../system.ts';
import { type ConnectorFile, readWanted, type Wanted } from './connector-file.ts';
import { changes, type Plan, planFile, type Step, whyWaits } from './file-plan.ts';
import { settingsOf } from './standing.ts';

/** The file acts, for whoever applies it. */
export function fileCtx(hub: Hub, tenantId: string, source: string): Ctx {
  const ctx = systemCtx(hub, tenantId, 'file');
  return { ...ctx, actor: { ...ctx.actor, name: `File ${source}` } };
}

export interface ApplyOptions {
  /** Deletes connectors that the file does not describe any more; without it they become people's own. */
  prune?: boolean;
  /** Does all of it and takes it back: what a plan is tried by. */
  rehearse?: boolean;
  /** How long to wait for another file that is being applied, in milliseconds. */
  patienceMs?: number;
}

/**
 * Brings the workspace's connectors to what the file says, all or nothing, by the verbs that people and programs use.
 * @throws FileProblems, AppError conflict while another file is applied, and what the verbs throw, with the handle in front
 */
export async function applyFile(ctx: Ctx, file: ConnectorFile, options: ApplyOptions = {}): Promise<Plan> {
  const wanted = await readWanted(ctx, file);
  const until = performance.now() + (options.patienceMs ?? 30_000);
  for (;;) {
    const plan = await attempt(ctx, file, wanted, options);
    if (plan) return plan;
    if (performance.now() > until)
      throw new AppError('conflict', 'Another file is being applied. Try again when it is done.');
    await sleep(250);
  }
}

/** Null while another file has the lock. */
async function attempt(ctx: Ctx, file: ConnectorFile, wanted: Wanted[], { prune, rehearse }: ApplyOptions) {
  try {
    return await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      if (!(await lockFiles(tx, ctx.tenantId))) return null;
      const inside = within(ctx, tx);
      const plan = await planFile(tx, inside, file, wanted, { prune });
      await carryOut(tx, inside, file, plan);
      if (rehearse) throw new Rehearsed(plan);
      return plan;
    });
  } catch (error) {
    if (error instanceof Rehearsed) return error.plan;
    throw error;
  }
}

class Rehearsed extends Error {
  readonly plan: Plan;
  constructor(plan: Plan) {
    super('taken back');
    this.plan = plan;
  }
}

/** Verbs that open a transaction of the tenant take part in this one. */
const within = (ctx: Ctx, tx: Tx): Ctx => ({
  ...ctx,
  hub: { ...ctx.hub, db: { ...ctx.hub.db, asTenant: (_tenantId, work) => work(tx) } },
});

async function carryOut(tx: Tx, ctx: Ctx, file: ConnectorFile, { steps, model }: Plan): Promise<void> {
  const due = steps.filter(changes);
  for (const step of due) await letGo(tx, ctx, step);
  // What goes or is renamed makes room for what comes.
  const removals = due.filter(({ wanted }) => !wanted);
  for (const step of removals) await naming(step, () => end(tx, ctx, file, step));
  for (const step of due) if (step.wanted) await naming(step, () => bring(tx, ctx, file, step, step.wanted as Wanted));
  if (model !== null) await setDefaultModelConnector(ctx, await idOf(tx, ctx, steps, model));
}

/** So that the verbs, which change nothing that is managed, do their work; names are freed for others to take. */
async function letGo(tx: Tx, ctx: Ctx, { row, wanted }: Step): Promise<void> {
  if (!row) return;
  const renamed = wanted !== null && wanted.name !== row.name;
  await setManagement(tx, ctx.tenantId, row.id, { managedBy: null, ...(renamed && { name: row.id }) });
}

async function end(tx: Tx, ctx: Ctx, { source }: ConnectorFile, { row, actions }: Step): Promise<void> {
  const { id } = row as ConnectorRow;
  await setManagement(tx, ctx.tenantId, id, { managedBy: null, fileState: null });
  if (actions.some(({ action }) => action === 'remove')) await deleteConnector(ctx, id);
  else await audit(tx, ctx, 'connector.released', row as ConnectorRow, source);
}

async function bring(tx: Tx, ctx: Ctx, { source }: ConnectorFile, step: Step, wanted: Wanted): Promise<void> {
  const does = (wantedAction: string) => step.actions.some(({ action }) => action === wantedAction);
  const id = step.row?.id ?? (await add(tx, ctx, wanted, does('restore')));
  if (step.row && (step.change || does('update'))) await update(tx, ctx, step, wanted);
  if (does('deactivate')) await setConnectorStatus(ctx, id, 'inactive');
  await activate(tx, ctx, id, wanted);
  const after = await mustFind(tx, ctx, id);
  const state = { source, applied_at: new Date().toISOString(), settings: settingsOf(after, wanted.active) };
  await setManagement(tx, ctx.tenantId, id, { managedBy: byFile, fileState: state });
  if (does('adopt')) await audit(tx, ctx, 'connector.adopted', after, source);
}

async function activate(tx: Tx, ctx: Ctx, id: string, { active, driver, values }: Wanted): Promise<void> {
  const { status } = await mustFind(tx, ctx, id);
  if (!active || status !== 'inactive') return;
  if (await whyWaits(tx, ctx, id, driver.needsConnection(values.auth))) return;
  await setConnectorStatus(ctx, id, 'active');
}

const audit = (tx: Tx, ctx: Ctx, action: string, row: { id: string; name: string }, source: string) =>
  recordAudit(tx, ctx, { action, subject: subject(row), details: { source } });

async function add(tx: Tx, ctx: Ctx, wanted: Wanted, restore: boolean): Promise<string> {
  const { handle, entry, name, tags, values } = wanted;
  if (restore) return bringBack(tx, ctx, wanted);
  const made = await installConnector(ctx, entry, { name, tags, config: values.config, auth: values.auth }, { handle });
  if (made.handle === handle) return made.id;
  throw new AppError('conflict', 'Somebody took this handle in this moment. Apply the file again.');
}

async function bringBack(tx: Tx, ctx: Ctx, wanted: Wanted): Promise<string> {
  const { handle, entry, name, tags, values } = wanted;
  const found = (await selectDeletedByHandle(tx, ctx.tenantId, [handle])).get(handle);
  const deleted = found && (await findConnector(tx, ctx.tenantId, found.id, { deleted: true, lock: true }));
  if (!deleted || deleted.catalog.key !== entry)
    throw new AppError(
      'conflict',
      'A connector to another service that was deleted a moment ago still has this handle. Apply the file again in ten minutes, or choose another handle.',
    );
  await setManagement(tx, ctx.tenantId, deleted.id, { managedBy: null, name: deleted.id });
  const { id, version } = await restoreConnector(ctx, deleted.id);
  await updateConnector(ctx, id, { version, name, tags, config: values.config, auth: values.auth });
  if (!wanted.active && deleted.status !== 'inactive') await setConnectorStatus(ctx, id, 'inactive');
  return id;
}

async function update(tx: Tx, ctx: Ctx, { row, change }: Step, { name, tags }: Wanted): Promise<void> {
  const { id } = row as ConnectorRow;
  const { version } = await mustFind(tx, ctx, id);
  await updateConnector(ctx, id, { version, name, tags, ...change });
}

async function idOf(tx: Tx, ctx: Ctx, steps: Step[], handle: string): Promise<string> {
  const known = steps.find((step) => step.handle === handle)?.row;
  if (known) return known.id;
  const [made] = (await selectConnectors(tx, ctx.tenantId, { q: handle, limit: 1_000 })).filter(
    (row) => row.handle === handle,
  );
  return made?.id ?? '';
}

/** A verb's own words, with which connector of the file they are about. */
async function naming<T>({ handle }: Step, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'unavailable') throw error;
    const fields = Object.entries(error.errors ?? {}).map(([field, messages]) => ` ${field}: ${messages.join(' ')}`);
    throw new AppError(error.code, `/connectors/${handle}: ${error.message}${fields.join('')}`, { cause: error });
  }
}
