import type { BrowsedRows, BrowsedTables } from '../../drivers/driver.ts';
import type { Named } from './shared.ts';
import type { Shell } from './shell.ts';
import type { ToolResult } from './tool.ts';

// What the templates under views/tables/ are given.

/** What there is instead of rows: why nothing could be asked, or how asking failed. */
export interface LookTrouble {
  blocked: string;
  result: ToolResult | null;
}

export interface TablesPanel {
  connector: Named;
  q: string;
  trouble: LookTrouble | null;
  schemas: { name: string; tables: (BrowsedTables['tables'][number] & { path: string })[] }[];
  /** The page after this one; null on the last. */
  next: string | null;
  /** The execution that the look was recorded as; null when nothing was asked. */
  executionId: string | null;
}

export interface TablePage extends Pick<TablesPanel, 'connector' | 'trouble' | 'next' | 'executionId'> {
  schema: string;
  table: string;
  descending: boolean;
  /** The first page in this order, and in the other one. */
  first: string;
  turned: string;
  /** Whether this is a later page. */
  later: boolean;
  found: BrowsedRows | null;
}

export interface BrowsingModels {
  'tables/index': { shell: Shell; panel: TablesPanel };
  'tables/_panel': { panel: TablesPanel };
  'tables/show': { shell: Shell; page: TablePage };
}

export interface BrowsingPartials {
  'tables/_trouble': { trouble: LookTrouble };
  'tables/_rows': { page: TablePage; found: BrowsedRows };
}
