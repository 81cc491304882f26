import { Document } from 'yaml';
import { type Ctx, requireRole } from '../../context.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import { findSettings } from '../../db/queries/tenant-settings.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { deleteAt, readonlyFields, setAt } from '../../lib/schema/walk.ts';
import { byFile } from '../connectors/managed.ts';
import { upgrade } from '../connectors/schema-migrations.ts';
import { storedSecretPaths, withoutSecrets } from '../secrets/secrets.ts';
import { variableFrom } from './references.ts';

/** What the end of the file says. */
interface Remarks {
  /** The variable and where it stands. */
  variables: [name: string, path: string][];
  accounts: string[];
  leftOut: string[];
}

/**
 * The workspace's connectors as a file, secrets as references to variables that the end of the file lists.
 * @param tenant how the file names the workspace
 */
export async function exportConnectors(ctx: Ctx, tenant: string, schemaUrl: string): Promise<string> {
  requireRole(ctx, 'admin', 'export connectors');
  const read = { readOnly: true };
  const [rows, settings] = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) =>
      [await selectConnectors(tx, ctx.tenantId, { limit: 10_000 }), await findSettings(tx, ctx.tenantId)] as const,
    read,
  );
  const remarks: Remarks = { variables: [], accounts: [], leftOut: [] };
  const connectors = rows
    .toSorted((a, b) => (a.handle < b.handle ? -1 : 1))
    .flatMap((row) => describe(ctx, row, remarks));
  const handles = new Set(connectors.map(([handle]) => handle));
  const model = rows.find(({ id }) => id === settings.defaultModelConnectorId)?.handle;
  const document = new Document({
    version: 1,
    tenant,
    ...sourceOf(rows),
    ...(model && handles.has(model) && { default_model_connector: model }),
    connectors: Object.fromEntries(connectors),
  });
  document.commentBefore = ` yaml-language-server: $schema=${schemaUrl}`;
  document.comment = footer(remarks);
  return document.toString({ lineWidth: 0 });
}

/** So that the file goes on managing what it managed, under whatever name it is saved. */
function sourceOf(rows: ConnectorRow[]): { source?: string } {
  const sources = new Set(
    rows.flatMap(({ managedBy, fileState }) => (managedBy === byFile && fileState?.source) || []),
  );
  return sources.size === 1 ? { source: [...sources][0] } : {};
}

function describe(ctx: Ctx, row: ConnectorRow, remarks: Remarks): [handle: string, described: object][] {
  const { handle, managedBy, catalog, name, tags, status, fileState } = row;
  const driver = ctx.hub.drivers.get(catalog.key);
  const leave = (why: string) => remarks.leftOut.push(`${handle}: ${why}`);
  if (managedBy && managedBy !== byFile) leave(`managed by the ${managedBy}`);
  else if (!driver || catalog.retiredAt) leave(`this version of Patchbay does not offer ${catalog.key}`);
  else {
    const { config, auth } = valuesOf(ctx, driver, row, remarks);
    if (driver.needsConnection(withoutSecrets(row.auth))) remarks.accounts.push(`${handle} (${catalog.name})`);
    const active = managedBy === byFile && fileState ? fileState.settings.active : status !== 'inactive';
    const filled = { ...(tags.length && { tags }), ...(Object.keys(config).length && { config }) };
    return [[handle, { entry: catalog.key, name, active, ...filled, ...(Object.keys(auth).length && { auth }) }]];
  }
  return [];
}

function valuesOf(ctx: Ctx, driver: LoadedDriver, row: ConnectorRow, remarks: Remarks) {
  const current = upgrade(ctx, driver, row);
  const values = { config: withoutSecrets(current.config), auth: withoutSecrets(current.auth) };
  for (const path of readonlyFields(driver.entry.authSchema, current.auth)) deleteAt(values.auth, path);
  for (const part of ['config', 'auth'] as const)
    for (const path of storedSecretPaths(current[part])) {
      const place = `/connectors/${row.handle}/${part}/${path.replaceAll('.', '/')}`;
      setAt(values[part], path, { env: variableFor(`${row.handle} ${path}`, place, remarks) });
    }
  return values;
}

/** With a beginning of their own, so that they are none of the variables that the hub itself reads. */
function variableFor(text: string, place: string, { variables }: Remarks): string {
  const wanted = `CONNECTOR_${variableFrom(text)}`;
  const taken = new Set(variables.map(([name]) => name));
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  variables.push([name, place]);
  return name;
}

function footer({ variables, accounts, leftOut }: Remarks): string {
  const width = Math.max(0, ...variables.map(([name]) => name.length));
  const part = (title: string, lines: string[]) =>
    lines.length ? [title, ...lines.map((line) => `  ${line}`), ''] : [];
  const lines = [
    ...part(
      'Secrets: set these variables where the file is applied, or write { file: path } in their place.',
      variables.map(([name, place]) => `${name.padEnd(width)}  ${place}`),
    ),
    ...part('Accounts to be authorised by people once it is applied; connections are not in this file.', accounts),
    ...part('Left out.', leftOut),
    'Budgets, webhooks, API keys, members and imported operations are not in this file either.',
  ];
  return lines.map((line) => (line ? ` ${line}` : '')).join('\n');
}
