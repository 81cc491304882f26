import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { ImportedOperationRow } from '../../db/queries/imported-operations.ts';
import type { FieldErrors } from '../../errors.ts';
import type { OperationsPreview, PreviewedOperation } from '../../services/connectors/imported-operations.ts';
import type { OperationRow, OperationsPage } from '../view-models/operation.ts';
import { effectWords } from './tool-model.ts';

export interface SentDocument {
  document: string;
  url: string;
}

/** The operations that are imported, with the form for a document. */
export const operationsPage = (
  ctx: Ctx,
  { connector, operations }: { connector: ConnectorRow; operations: ImportedOperationRow[] },
  { sent, errors = {} }: { sent?: SentDocument; errors?: FieldErrors } = {},
): OperationsPage => ({
  connector: { id: connector.id, name: connector.name, tenantId: connector.tenantId },
  locked: mayActAs(ctx.actor, 'admin') ? '' : 'Only owners and admins can import operations. Ask one of them.',
  rows: operations.map(({ slug, title, description, request, sideEffect }) => ({
    slug,
    title,
    description,
    place: `${request.method} ${request.path}`,
    effect: effectWords[sideEffect],
    chosen: true,
    change: '',
  })),
  review: null,
  sent: sent ?? { url: operations.find(({ source }) => source)?.source ?? '', document: '' },
  errors,
});

/** As many as nobody has to look through one by one before taking them all. */
const fewEnough = 50;

/** The same with what a document would become. @param chosen what was ticked before; null for the first look */
export function reviewPage(
  page: OperationsPage,
  preview: OperationsPreview,
  sent: SentDocument,
  chosen: string[] | null,
): OperationsPage {
  const first = page.rows.length === 0 && preview.operations.length <= fewEnough;
  const imported = new Set(page.rows.map(({ slug }) => slug));
  const isChosen = ({ slug }: PreviewedOperation) => (chosen ? chosen.includes(slug) : first || imported.has(slug));
  const { title, version, digest, warnings, operations, refused, removed } = preview;
  return {
    ...page,
    rows: operations.map((each) => rowOf(each, isChosen(each))),
    sent,
    review: {
      about: [title || 'Untitled document', version].filter(Boolean).join(' · '),
      digest,
      warnings,
      ...sent,
      refused: refused.map(({ method, path, reason }) => ({ place: `${method} ${path}`, reason })),
      removed: removed.map(({ method, path, ...each }) => ({ ...each, place: `${method} ${path}` })),
    },
  };
}

const words = { method: 'method', path: 'path', schema: 'arguments or answer', text: 'title or description' };

const rowOf = (
  { slug, title, description, method, path, sideEffect, differences }: PreviewedOperation,
  chosen: boolean,
): OperationRow => ({
  slug,
  title,
  description,
  place: `${method} ${path}`,
  effect: effectWords[sideEffect],
  chosen,
  change:
    differences === null
      ? 'New'
      : differences.length
        ? `Changed: ${differences.map((each) => words[each]).join(', ')}`
        : '',
});
