import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectConnections } from '../../db/queries/connections.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import { selectDeletedByHandle } from '../../db/queries/file-connectors.ts';
import { findSettings } from '../../db/queries/tenant-settings.ts';
import type { Values } from '../../drivers/driver.ts';
import { isObject } from '../../lib/schema/shape.ts';
import type { TenantKeys } from '../../vault/vault.ts';
import { changedFields } from '../changes.ts';
import { isUsable, whyUnusable } from '../connectors/connector-settlement.ts';
import { withoutValues } from '../connectors/environment-values.ts';
import { byFile } from '../connectors/managed.ts';
import { upgrade } from '../connectors/schema-migrations.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import type { ConnectorFile, Wanted } from './connector-file.ts';
import { FileProblems } from './file-text.ts';
import { changedSecrets, keysToCompare, type SecretChange } from './secret-changes.ts';
import { driftOf } from './standing.ts';

/** `note` writes down what was changed past the hub and is as the file says. */
type Action =
  | 'create'
  | 'restore'
  | 'adopt'
  | 'update'
  | 'replace-secret'
  | 'activate'
  | 'deactivate'
  | 'note'
  | 'unmanage'
  | 'remove';

/** What becomes of one connector. */
export interface Step {
  handle: string;
  name: string;
  actions: { action: Action; fields: string[] }[];
  row: ConnectorRow | null;
  /** Null for one that the file does not describe any more. */
  wanted: Wanted | null;
  /** What to send for config and auth; null where neither changes. */
  change: SecretChange['input'] | null;
  /** Why it cannot be switched on yet although the file says so; '' when it can, or is. */
  waits: string;
}

export interface Plan {
  steps: Step[];
  /** The connector that language models are to be asked through from now on; null when that stays. */
  model: string | null;
}

/** Whether a step does anything. */
export const changes = ({ actions }: Step): boolean => actions.length > 0;

/**
 * What applying the file would change, one step for each connector that it describes or described.
 * @throws FileProblems for what the workspace does not let it do
 */
export async function planFile(
  tx: Tx,
  ctx: Ctx,
  file: ConnectorFile,
  wanted: Wanted[],
  { prune = false } = {},
): Promise<Plan> {
  const rows = await selectConnectors(tx, ctx.tenantId, { limit: 10_000 });
  refuse(file, rows, wanted, prune);
  const byHandle = new Map(rows.map((row) => [row.handle, row]));
  const deleted = await selectDeletedByHandle(
    tx,
    ctx.tenantId,
    wanted.map(({ handle }) => handle),
  );
  const keys = await keysToCompare(tx, ctx);
  const steps: Step[] = [];
  for (const each of wanted) {
    const row = byHandle.get(each.handle);
    if (row) steps.push(await stepFor(tx, ctx, keys, row, each));
    else steps.push(creation(each, deleted.has(each.handle)));
  }
  steps.push(...rows.filter((row) => isGone(row, file, wanted)).map((row) => ending(row, prune)));
  return { steps, model: await modelToSet(tx, ctx, file, byHandle) };
}

const isOf = (row: ConnectorRow, { source }: ConnectorFile) =>
  row.managedBy === byFile && row.fileState?.source === source;

/** Also what was taken over: the file forgets it. */
const isGone = (row: ConnectorRow, { source }: ConnectorFile, wanted: Wanted[]) =>
  row.fileState?.source === source && !wanted.some(({ handle }) => handle === row.handle);

/** What people took over is theirs. */
const isRemoved = (row: ConnectorRow, prune: boolean) => prune && row.managedBy === byFile;

function refuse(file: ConnectorFile, rows: ConnectorRow[], wanted: Wanted[], prune: boolean): void {
  const problems: { where: string[]; message: string }[] = [];
  const say = (handle: string, field: string, message: string) =>
    problems.push({ where: ['connectors', handle, field].filter(Boolean), message });
  for (const { handle, entry } of wanted) {
    const row = rows.find((each) => each.handle === handle);
    if (!row) continue;
    const { managedBy, fileState, catalog } = row;
    if (catalog.key !== entry)
      say(
        handle,
        'entry',
        `The workspace has ${row.name} under this handle, which is of ${catalog.key}. Choose another handle.`,
      );
    if (managedBy && managedBy !== byFile)
      say(handle, '', `It is managed by the ${managedBy}. Take it out of this file.`);
    if (managedBy === byFile && !isOf(row, file))
      say(
        handle,
        '',
        `It is managed by the file ${fileState?.source}. Take it out there first, or write source: ${fileState?.source} here.`,
      );
  }
  const names = new Map<string, string>();
  for (const row of rows)
    if (!wanted.some(({ handle }) => handle === row.handle) && !(isRemoved(row, prune) && isGone(row, file, wanted)))
      names.set(row.name.toLowerCase(), row.handle);
  for (const { handle, name } of wanted) {
    const other = names.get(name.toLowerCase());
    if (other) say(handle, 'name', `${other} has this name already. Choose another one; case makes no difference.`);
    names.set(name.toLowerCase(), handle);
  }
  if (problems.length)
    throw new FileProblems(
      file.name,
      problems.map(({ where, message }) => ({ line: file.text.lineAt(where), path: where, message })),
    );
}

function creation(wanted: Wanted, restore: boolean): Step {
  const { handle, name, active, driver, values } = wanted;
  const waits = active && driver.needsConnection(values.auth) ? 'An account has to be authorised first.' : '';
  return {
    ...{ handle, name, row: null, wanted, change: null, waits },
    actions: [
      { action: restore ? 'restore' : 'create', fields: fieldsOf(wanted) },
      ...(active && !waits ? [{ action: 'activate' as const, fields: [] }] : []),
    ],
  };
}

/** Everything that is set, in names. */
const fieldsOf = ({ values, tags }: Wanted): string[] =>
  changedFields(
    { name: '', tags: [], config: {}, auth: {} },
    { name: '', tags, config: values.config, auth: values.auth },
  );

async function stepFor(tx: Tx, ctx: Ctx, keys: TenantKeys | null, row: ConnectorRow, wanted: Wanted): Promise<Step> {
  const { driver, name, tags, values } = wanted;
  const current = upgrade(ctx, driver, row);
  const secrets = changedSecrets(ctx, keys, current, wanted);
  const wantedValues = withoutValues(driver, values);
  const now = { config: withoutSecrets(current.config), auth: withoutSecrets(current.auth) };
  const fields = changedFields(
    { name: row.name, tags: row.tags, config: withoutEmpty(now.config), auth: withoutEmpty(now.auth) },
    { name, tags, config: withoutEmpty(wantedValues.config), auth: withoutEmpty(wantedValues.auth) },
  );
  const { switching, waits } = await switchOf(tx, ctx, row, wanted);
  const actions: Step['actions'] = [];
  if (row.managedBy !== byFile) actions.push({ action: 'adopt', fields: [] });
  if (fields.length) actions.push({ action: 'update', fields });
  if (secrets.paths.length) actions.push({ action: 'replace-secret', fields: secrets.paths });
  if (switching) actions.push({ action: switching, fields: [] });
  const drifted = actions.length ? [] : driftOf(driver, row);
  if (drifted.length) actions.push({ action: 'note', fields: drifted });
  const settings = secrets.paths.length > 0 || fields.some((field) => field !== 'name' && field !== 'tags');
  return { handle: row.handle, name, row, wanted, actions, waits, change: settings ? secrets.input : null };
}

/** A group in which nothing is set says as little as none. */
function withoutEmpty(values: Values): Values {
  const filled = Object.entries(values).map(([key, value]) => [key, isObject(value) ? withoutEmpty(value) : value]);
  return Object.fromEntries(filled.filter(([, value]) => !isObject(value) || Object.keys(value).length > 0));
}

async function switchOf(tx: Tx, ctx: Ctx, row: ConnectorRow, { active, driver, values }: Wanted) {
  const isOn = row.status !== 'inactive';
  if (isOn === active) return { switching: null, waits: '' };
  if (!active) return { switching: 'deactivate' as const, waits: '' };
  const waits = await whyWaits(tx, ctx, row.id, driver.needsConnection(values.auth));
  return { switching: waits ? null : ('activate' as const), waits };
}

/** Why the connector cannot be switched on yet; '' when it can. */
export async function whyWaits(tx: Tx, ctx: Ctx, connectorId: string, needsGrant: boolean): Promise<string> {
  const all = await selectConnections(tx, ctx.tenantId, { connectorIds: [connectorId], limit: 1_000 });
  if (!needsGrant) return all.length && all.every(({ status }) => status === 'inactive') ? whyUnusable(all) : '';
  if (all.some(isUsable)) return '';
  return all.length ? whyUnusable(all) : 'An account has to be authorised first.';
}

const ending = (row: ConnectorRow, prune: boolean): Step => ({
  ...{ handle: row.handle, name: row.name, row, wanted: null, change: null, waits: '' },
  actions: [{ action: isRemoved(row, prune) ? 'remove' : 'unmanage', fields: [] }],
});

async function modelToSet(tx: Tx, ctx: Ctx, { document }: ConnectorFile, rows: Map<string, ConnectorRow>) {
  const { default_model_connector: model } = document;
  if (model === undefined) return null;
  const { defaultModelConnectorId } = await findSettings(tx, ctx.tenantId);
  return rows.get(model)?.id === defaultModelConnectorId && defaultModelConnectorId !== null ? null : model;
}
