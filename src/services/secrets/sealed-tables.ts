import type { Tx } from '../../db/client.ts';
import {
  replaceEnvelopes,
  replaceSealedColumn,
  type SealedConnector,
  sealedColumns,
  selectSealedColumn,
  selectSealedConnectors,
} from '../../db/queries/sealed-rows.ts';
import { getAt, setAt } from '../../lib/schema/walk.ts';
import type { Place } from '../../vault/vault.ts';
import { isStoredSecret, type Part, placeOf as secretPlace, storedSecretPaths } from './secrets.ts';

export interface SealedValue {
  place: Place;
  sealed: string;
}

/** A row with all that is sealed in it under its tenant's data keys. */
export interface SealedRow {
  id: string;
  /** For the operator, without anything secret. */
  name: string;
  values: SealedValue[];
  /** Puts other envelopes in place of these, in their order; false when the row was changed since it was read. */
  replace(tx: Tx, next: string[]): Promise<boolean>;
}

type ReadPage = (tx: Tx, tenantId: string, afterId: string | null, limit: number) => Promise<SealedRow[]>;

/** Every place where a tenant's secrets are kept. A table that is missing here keeps its old data keys from being removed. */
export const sealedTables: ReadPage[] = [
  async (tx, tenantId, afterId, limit) =>
    (await selectSealedConnectors(tx, tenantId, afterId, limit)).map((row) => connectorRow(tenantId, row)),
  ...Object.entries(sealedColumns).map(([table, column]) => pageOf(table, column)),
];

function pageOf(table: string, column: (typeof sealedColumns)[keyof typeof sealedColumns]): ReadPage {
  return async (tx, tenantId, afterId, limit) =>
    (await selectSealedColumn(tx, column, tenantId, afterId, limit)).map((row) => ({
      id: row.id,
      name: column.called,
      values: [{ place: { tenantId, table, rowId: row.id, field: column.sealed.name }, sealed: row.sealed }],
      replace: (inner, [next = '']) => replaceSealedColumn(inner, column, tenantId, row, next),
    }));
}

const parts: Part[] = ['config', 'auth'];

function connectorRow(tenantId: string, row: SealedConnector): SealedRow {
  const found = parts.flatMap((part) => storedSecretPaths(row[part]).map((path) => ({ part, path })));
  const values = found.flatMap(({ part, path }) => {
    const stored = getAt(row[part], path);
    const place = secretPlace({ tenantId, connectorId: row.id, part }, path);
    return isStoredSecret(stored) ? [{ place, sealed: stored.$sealed }] : [];
  });
  const replace = (tx: Tx, next: string[]) => {
    const changed = structuredClone({ config: row.config, auth: row.auth });
    for (const [index, { part, path }] of found.entries()) setAt(changed[part], `${path}.$sealed`, next[index]);
    return replaceEnvelopes(tx, tenantId, row, changed);
  };
  return { id: row.id, name: `the connector “${row.name}”`, values, replace };
}
