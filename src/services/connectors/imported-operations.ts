import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, requireRole } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import {
  type ImportedOperationRow,
  replaceOperations,
  selectOperations,
} from '../../db/queries/imported-operations.ts';
import { type LoadedDriver, type SideEffect, sideEffectOfMethod } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { type Difference, differences, type Matched, matchOperations } from '../../lib/openapi/drift.ts';
import type { ReadOperation } from '../../lib/openapi/operation.ts';
import { createForeignSchemas } from '../../lib/schema/foreign.ts';
import { recordAudit } from '../audit.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { connectorUse } from './connector-use.ts';
import { driverFor, mustFind } from './connectors.ts';
import { getConnector } from './installed.ts';
import { type DocumentSource, type ReadDocument, readDocument } from './openapi-documents.ts';

/** As many tools as a person, or a model, still finds something among. */
const mostOperations = 200;

export interface PreviewedOperation extends Pick<ReadOperation, 'title' | 'description' | 'operationId'> {
  slug: string;
  method: string;
  path: string;
  sideEffect: SideEffect;
  /** What became another one since it was imported; null for one that is new. */
  differences: Difference[] | null;
}

export interface OperationsPreview {
  title: string;
  version: string;
  /** Says whether a document read later has the same operations. */
  digest: string;
  warnings: string[];
  operations: PreviewedOperation[];
  refused: { method: string; path: string; reason: string }[];
  /** Imported ones that the document does not have any more, with their use in the last 30 days. */
  removed: { slug: string; title: string; method: string; path: string; calls: number; lastAt: Date | null }[];
}

/** The operations that the connector's tools were made from, by slug. @throws AppError not_found */
export async function listOperations(
  ctx: Ctx,
  connectorId: string,
): Promise<{ connector: ConnectorRow; operations: ImportedOperationRow[] }> {
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => ({
      connector: await mustFind(tx, ctx, connectorId),
      operations: await selectOperations(tx, ctx.tenantId, connectorId),
    }),
    { readOnly: true },
  );
}

/**
 * What a document would become, beside what is imported already. Nothing is changed.
 * @throws AppError forbidden, not_found, conflict for a service without imports, invalid_input at `document` or `url`
 */
export async function previewOperations(
  ctx: Ctx,
  connectorId: string,
  source: DocumentSource,
): Promise<OperationsPreview> {
  requireRole(ctx, 'admin', 'import operations');
  const { driver, connector, reading, matched, removed } = await readMatched(ctx, connectorId, source);
  const use = removed.length ? await connectorUse(ctx, connectorId) : [];
  return {
    title: reading.title,
    version: reading.version,
    digest: digestOf(reading),
    warnings: warningsAbout(driver, connector, reading),
    operations: matched.map(previewed),
    refused: reading.refused,
    removed: removed.map(({ slug, title, request: { method, path } }) => {
      const calls = use.filter(({ tool }) => tool === toolName(driver, connector, slug));
      const lastAt = calls.map((each) => each.lastAt).sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
      return { slug, title, method, path, calls: calls.reduce((sum, { count }) => sum + count, 0), lastAt };
    }),
  };
}

export interface OperationsChoice extends DocumentSource {
  /** The slugs of those that become, or stay, tools. Without a document they are chosen among the imported ones. */
  operations: string[];
  /** The digest of the preview that they were chosen in. */
  digest?: string;
}

/**
 * Makes tools of the chosen operations, and takes away all others of the connector.
 * @throws AppError forbidden, not_found, invalid_input, or conflict when the document is another one than in the preview
 */
export async function saveOperations(
  ctx: Ctx,
  connectorId: string,
  choice: OperationsChoice,
): Promise<ImportedOperationRow[]> {
  requireRole(ctx, 'admin', 'import operations');
  const { operations: chosen, digest } = choice;
  if (chosen.length > mostOperations)
    throw invalid({ operations: [`Choose at most ${mostOperations}; these are ${chosen.length}.`] });
  if (!choice.url?.trim() && !choice.document?.trim()) return keepOnly(ctx, connectorId, chosen);
  const { reading, matched } = await readMatched(ctx, connectorId, choice);
  if (digest && digest !== digestOf(reading))
    throw new AppError(
      'conflict',
      'The document has changed since you looked at it. Look at it again, and choose anew.',
    );
  const wanted = matched.filter(({ slug }) => chosen.includes(slug));
  requireKnown(
    chosen,
    wanted.map(({ slug }) => slug),
  );
  await requireUsable(wanted);
  return store(ctx, connectorId, (saved) =>
    wanted.map(({ slug, operation: { request, ...operation } }) => ({
      ...{ slug, request, ...operation, sideEffect: sideEffectOfMethod(request.method), source: reading.source },
      ...createdAs(
        ctx,
        saved.find((row) => row.slug === slug),
      ),
    })),
  );
}

const keepOnly = (ctx: Ctx, connectorId: string, chosen: string[]) =>
  store(ctx, connectorId, (saved) => {
    requireKnown(
      chosen,
      saved.map(({ slug }) => slug),
    );
    return saved.filter(({ slug }) => chosen.includes(slug));
  });

function requireKnown(chosen: string[], known: string[]) {
  const missing = chosen.filter((slug) => !known.includes(slug)).slice(0, 5);
  if (missing.length)
    throw invalid({
      operations: [`There is no operation ${missing.map((slug) => `“${slug.slice(0, 64)}”`).join(', ')}.`],
    });
}

type NewRow = Omit<
  ImportedOperationRow,
  'id' | 'tenantId' | 'connectorId' | 'updatedAt' | 'updatedBy' | 'updatedByName'
>;

async function store(ctx: Ctx, connectorId: string, rowsFor: (saved: ImportedOperationRow[]) => NewRow[]) {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await mustFind(tx, ctx, connectorId, { lock: true });
    const before = await selectOperations(tx, ctx.tenantId, connectorId);
    const rows = rowsFor(before).map((row) => ({
      ...row,
      tenantId: ctx.tenantId,
      connectorId,
      id: uuidv7(),
      updatedAt: new Date(),
      ...changedBy(ctx),
    }));
    await replaceOperations(tx, ctx.tenantId, connectorId, rows);
    const slugs = (list: { slug: string }[]) => list.map(({ slug }) => slug);
    await recordAudit(tx, ctx, {
      action: 'connector.operations_imported',
      subject: { type: 'connector', id: connector.id, name: connector.name },
      details: {
        added: slugs(rows).filter((slug) => !slugs(before).includes(slug)),
        removed: slugs(before).filter((slug) => !slugs(rows).includes(slug)),
        count: rows.length,
      },
    });
    return selectOperations(tx, ctx.tenantId, connectorId);
  });
}

const createdAs = (ctx: Ctx, saved?: ImportedOperationRow) => ({
  createdAt: saved?.createdAt ?? new Date(),
  createdBy: saved ? saved.createdBy : ctx.actor.id,
  createdByName: saved ? saved.createdByName : ctx.actor.name,
});

async function readMatched(ctx: Ctx, connectorId: string, source: DocumentSource) {
  const { connector } = await getConnector(ctx, connectorId);
  const driver = driverFor(ctx, connector.catalog.key);
  if (!driver.runOperation)
    throw new AppError('conflict', `${connector.catalog.name} has tools of its own; none can be imported.`);
  const reading = await readDocument(ctx, driver, connector, source);
  const { operations } = await listOperations(ctx, connectorId);
  return { driver, connector, reading, ...matchOperations(reading.operations, operations) };
}

function previewed({ operation, slug, saved }: Matched<ImportedOperationRow>): PreviewedOperation {
  const { request, title, description, operationId } = operation;
  const { method, path } = request;
  const found = saved && differences(saved, operation);
  return {
    slug,
    title,
    description,
    operationId,
    method,
    path,
    sideEffect: sideEffectOfMethod(method),
    differences: found,
  };
}

/** The compiler has the last word. By a worker of its own, so that calls do not wait for it. @throws AppError invalid_input */
async function requireUsable(wanted: Matched<ImportedOperationRow>[]) {
  const schemas = createForeignSchemas({ deadlineMs: 5_000 });
  try {
    const problems: string[] = [];
    for (const { slug, operation } of wanted) {
      const [reason] = await schemas.check(JSON.stringify(operation.input));
      if (reason) problems.push(`${slug}: ${reason}`);
      if (problems.length >= 5) break;
    }
    if (problems.length) throw invalid({ operations: problems });
  } finally {
    await schemas.close();
  }
}

const digestOf = ({ operations }: ReadDocument): string =>
  createHash('sha256').update(JSON.stringify(operations)).digest('base64url').slice(0, 32);

const toolName = (driver: LoadedDriver, { handle }: ConnectorRow, slug: string) =>
  `${driver.entry.key}.${handle}.${slug}`;

/** Requests go below the base URL of the connector, whatever the document says; it may be the wrong one. */
function warningsAbout(driver: LoadedDriver, { config }: ConnectorRow, { servers }: ReadDocument): string[] {
  const base = driver.proxy?.base(withoutSecrets(config)) ?? '';
  const plain = (address: string) => address.replace(/\/+$/, '');
  if (
    !servers.length ||
    servers.some((server) => plain(URL.parse(server, base)?.href ?? '') === plain(URL.parse(base)?.href ?? ''))
  )
    return [];
  return [
    `The document names ${servers[0]} as the address of the service. Requests go below the base URL of this connector: ${base}`,
  ];
}
