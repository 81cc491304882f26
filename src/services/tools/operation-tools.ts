import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  countOperations,
  findOperation,
  type ImportedOperationRow,
  selectOperationTools,
} from '../../db/queries/imported-operations.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import type { SourcedTool, ToolSource } from './tool-source.ts';

/** What admins imported from OpenAPI documents, as `<handle>.<operation>`: tools of that one connector. */
export const operationTools: ToolSource = {
  name: 'operations',
  serves: (driver) => driver.runOperation !== undefined,
  async list(ctx, driver, { connectors, words, groups, after, limit }) {
    const filter = {
      connectorIds: connectors.map(({ id }) => id),
      ...{ words, handles: groups, limit, after: after === null ? null : split(after) },
    };
    const rows = await read(ctx, (tx) => selectOperationTools(tx, ctx.tenantId, filter));
    return rows.map((row) => sourced(driver, row));
  },
  count: (ctx, _driver, connectors) =>
    read(ctx, (tx) =>
      countOperations(
        tx,
        ctx.tenantId,
        connectors.map(({ id }) => id),
      ),
    ),
  async find(ctx, driver, slug) {
    const row = await read(ctx, (tx) => findOperation(tx, ctx.tenantId, ...split(slug)));
    return row && sourced(driver, row);
  },
};

const read = <T>(ctx: Ctx, work: (tx: Tx) => Promise<T>) => ctx.hub.db.asTenant(ctx.tenantId, work, { readOnly: true });

function split(slug: string): [handle: string, slug: string] {
  const dot = slug.indexOf('.');
  return dot < 0 ? ['', slug] : [slug.slice(0, dot), slug.slice(dot + 1)];
}

interface Found {
  operation: ImportedOperationRow;
  handle: string;
  connectorName: string;
}

function sourced(driver: LoadedDriver, { operation, handle, connectorName }: Found): SourcedTool {
  const { title, description, input, output, sideEffect, request, connectorId, slug } = operation;
  return {
    tool: {
      ...{ slug: `${handle}.${slug}`, title, description, input, output, sideEffect, foreign: true },
      run: async (context, values) => driver.runOperation?.(context, request, values),
    },
    connectorId,
    toolkit: { key: `${driver.entry.key}.${handle}`, name: connectorName },
  };
}
