import type { Shell } from './shell.ts';
import type { SideEffectWord } from './tool.ts';

// What the templates under views/operations/ are given.

/** One operation that can be ticked. */
export interface OperationRow {
  slug: string;
  title: string;
  description: string;
  /** Method and path. */
  place: string;
  effect: SideEffectWord;
  chosen: boolean;
  /** `New`, or what became another one; '' for one that is as it was, or without a document. */
  change: string;
}

/** What a document would become. */
export interface OperationsReview {
  /** The document's title and version. */
  about: string;
  digest: string;
  /** Sent along, so that the same document is read again. */
  document: string;
  url: string;
  warnings: string[];
  refused: { place: string; reason: string }[];
  /** Imported ones that are not in the document any more. */
  removed: { title: string; place: string; slug: string; calls: number; lastAt: Date | null }[];
}

export interface OperationsPage {
  connector: { id: string; name: string; tenantId: string };
  /** Why they can be looked at only; '' for those who may change them. */
  locked: string;
  /** The ones that are imported, or those of the document that is looked at. */
  rows: OperationRow[];
  review: OperationsReview | null;
  /** What stands in the form for the next document. */
  sent: { url: string; document: string };
  errors: Record<string, string[]>;
}

export interface OperationModels {
  'operations/index': { shell: Shell; page: OperationsPage };
}

export interface OperationPartials {
  'operations/_source': { page: OperationsPage };
  'operations/_review': { review: OperationsReview };
  'operations/_choice': { page: OperationsPage };
}
