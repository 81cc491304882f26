import type { BrowsedRows } from '../../src/drivers/driver.ts';
import type { BrowsingModels, TablePage, TablesPanel } from '../../src/routes/view-models/browsing.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';

/** The models of the pages that look into tables. */
export function browsingModels(hostile: string, shell: Shell): BrowsingModels {
  const connector = { id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78', name: hostile };
  const path = `/connectors/${connector.id}/table?table=orders`;
  const listed = { schema: hostile, name: hostile, kind: 'view', row_estimate: 12, comment: hostile };
  const panel: TablesPanel = {
    ...{ connector, q: hostile, trouble: null, next: path, executionId: connector.id },
    schemas: [{ name: hostile, tables: [{ ...listed, path }] }],
  };
  const column = { name: hostile, type: hostile, nullable: true, key: true, readable: true, comment: hostile };
  const found: BrowsedRows = {
    ...{ schema: hostile, name: hostile, kind: 'table', comment: hostile, order: [hostile] },
    columns: [column, { ...column, readable: false }],
    ...{ rows: [[hostile], [null]], has_more: true, next_cursor: null },
  };
  const page: TablePage = {
    ...{ connector, schema: hostile, table: hostile, trouble: { blocked: hostile, result: null }, found },
    ...{ descending: true, first: path, turned: path, later: true, next: path, executionId: connector.id },
  };
  return {
    'tables/index': { shell, panel },
    'tables/_panel': { panel: { ...panel, trouble: { blocked: hostile, result: null } } },
    'tables/show': { shell, page },
  };
}
