import { statSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config.ts';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { connectorsMark, countFileManaged } from '../../db/queries/file-connectors.ts';
import { AppError } from '../../errors.ts';
import { byFile } from '../connectors/managed.ts';
import { type ConnectorFile, readConnectorFile, readWanted, tenantOfFile } from './connector-file.ts';
import { changes, planFile, type Step } from './file-plan.ts';
import { FileProblems } from './file-text.ts';
import { driftOf } from './standing.ts';

/** What the file that this hub knows says otherwise than the workspace is. */
export interface PendingFile {
  /** Its name without folders. */
  file: string;
  /** When it was saved. */
  since: Date;
  /** What keeps it from being applied; '' for nothing. */
  problem: string;
  steps: Step[];
}

interface Read {
  mark: string;
  file: ConnectorFile | null;
  tenantId: string | null;
  problem: string;
}

const files = new WeakMap<Config, Read>();
const plans = new WeakMap<Config, Map<string, { mark: string; pending: PendingFile }>>();

/** Null without CONNECTORS_FILE, and for workspaces that it is not about. */
export async function pendingFile(ctx: Ctx): Promise<PendingFile | null> {
  const { config, db } = ctx.hub;
  const { connectorsFile } = config;
  if (!connectorsFile) return null;
  const stats = statSync(connectorsFile, { throwIfNoEntry: false });
  const read = await readOnce(ctx, connectorsFile, stats ? `${stats.mtimeMs} ${stats.size}` : '');
  if (read.tenantId !== null && read.tenantId !== ctx.tenantId) return null;
  const base = { file: path.basename(connectorsFile), since: stats?.mtime ?? new Date() };
  if (read.file && read.tenantId) return planOnce(ctx, read.file, read.mark, base);
  const concerned = await db.asTenant(ctx.tenantId, (tx) => countFileManaged(tx, ctx.tenantId), { readOnly: true });
  return concerned ? { ...base, problem: read.problem, steps: [] } : null;
}

async function readOnce({ hub }: Ctx, name: string, mark: string): Promise<Read> {
  const known = files.get(hub.config);
  if (known?.mark === mark) return known;
  const read: Read = { mark, file: null, tenantId: null, problem: '' };
  try {
    read.file = readConnectorFile(name);
    read.tenantId = await tenantOfFile(hub, read.file);
  } catch (error) {
    read.problem = told(error);
  }
  files.set(hub.config, read);
  return read;
}

/** The way to the file is the operator's business. What else the plan throws is about one connector, and must not take the page along. */
function told(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (!(error instanceof FileProblems)) throw error;
  const [first, ...others] = error.problems;
  const where = first?.path.length ? `/${first.path.join('/')}: ` : '';
  return `Line ${first?.line}: ${where}${first?.message}${others.length ? ` And ${others.length} more.` : ''}`;
}

/** The workspace is compared with it again when one of them has changed. */
async function planOnce(ctx: Ctx, file: ConnectorFile, read: string, base: Pick<PendingFile, 'file' | 'since'>) {
  const inside = <T>(work: (tx: Tx) => Promise<T>) => ctx.hub.db.asTenant(ctx.tenantId, work, { readOnly: true });
  const mark = `${read} ${await inside((tx) => connectorsMark(tx, ctx.tenantId))}`;
  const known = plans.get(ctx.hub.config) ?? new Map<string, { mark: string; pending: PendingFile }>();
  plans.set(ctx.hub.config, known);
  const found = known.get(ctx.tenantId);
  if (found?.mark === mark) return found.pending;
  const pending: PendingFile = { ...base, problem: '', steps: [] };
  try {
    const wanted = await readWanted(ctx, file, { allowMissing: true });
    pending.steps = (await inside((tx) => planFile(tx, ctx, file, wanted))).steps.map(withoutGuesses).filter(changes);
  } catch (error) {
    pending.problem = told(error);
  }
  known.set(ctx.tenantId, { mark, pending });
  return pending;
}

/** Where people may enter secrets, pages do not tell whether those are the file’s: that would say when a guess is right. */
function withoutGuesses(step: Step): Step {
  if (!step.row || step.row.managedBy === byFile) return step;
  return { ...step, actions: step.actions.filter(({ action }) => action !== 'replace-secret') };
}

/** How a connector stands to the file that describes it. */
export interface Standing {
  /** In which fields it is not as the file says; null when it is. */
  differs: { since: Date; fields: string[] } | null;
  takenOver: { source: string; by: string; at: Date } | null;
}

/** Null for a connector that no file describes or described. */
export function standingOf(ctx: Ctx, row: ConnectorRow, pending: PendingFile | null): Standing | null {
  const { fileState } = row;
  if (!fileState) return null;
  const drifted = driftOf(ctx.hub.drivers.get(row.catalog.key), row);
  const step = pending?.steps.find((each) => each.row?.id === row.id);
  const told = (step?.actions ?? []).flatMap(({ action, fields }) =>
    action === 'activate' || action === 'deactivate' ? ['active'] : fields,
  );
  const fields = [...new Set([...drifted, ...told])];
  const since = drifted.length || !pending ? row.updatedAt : pending.since;
  const { taken_over: taken } = fileState;
  return {
    differs: fields.length ? { since, fields } : null,
    takenOver: taken ? { source: fileState.source, by: taken.by, at: new Date(taken.at) } : null,
  };
}
