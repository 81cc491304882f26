import type { ExecutionContext, Tool } from './execution.ts';

type Values = Record<string, unknown>;

/** One of the driver's tools, of which it is known what it gives. */
export type BrowsingTool<T> = Omit<Tool, 'run'> & { run(context: ExecutionContext, input: Values): Promise<T> };

/** How people look into what is stored at the service, page by page. Both are among the driver's `tools` and change nothing. */
export interface Browsing {
  /** Takes `search`, `limit` and `offset`. */
  tables: BrowsingTool<BrowsedTables>;
  /** Takes `schema`, `table`, `descending` and `cursor`. */
  rows: BrowsingTool<BrowsedRows>;
}

export interface BrowsedTables {
  /** By schema, then by name. */
  tables: {
    schema: string;
    name: string;
    /** `table`, `view` and the like. */
    kind: string;
    /** About how many rows it has; null when that is not known. */
    row_estimate: number | null;
    comment: string | null;
  }[];
  has_more: boolean;
}

export interface BrowsedRows {
  schema: string;
  name: string;
  kind: string;
  comment: string | null;
  columns: BrowsedColumn[];
  /** The columns that the rows are ordered by; empty where nothing tells rows apart, and then there is one page only. */
  order: string[];
  /** A value for each readable column, as text: what is long is cut and ends in `…`, bytes are told as `\x…` with their number. */
  rows: (string | null)[][];
  has_more: boolean;
  /** Null on the last page, and where no further one can be asked for. */
  next_cursor: string | null;
}

export interface BrowsedColumn {
  name: string;
  type: string;
  nullable: boolean;
  /** Part of the primary key. */
  key: boolean;
  /** False when the account has no right to its values: then they are not in the rows. */
  readable: boolean;
  comment: string | null;
}
