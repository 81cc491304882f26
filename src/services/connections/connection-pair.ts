import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { mustFind } from '../connectors/connectors.ts';
import { mustFindConnection } from './connections.ts';

export interface ConnectionPair {
  connection: ConnectionRow;
  connector: ConnectorRow;
}

/**
 * The connection that this actor may reach, with its connector. They are locked in the order that everybody keeps, the connector first:
 * two who took them in different orders would wait for each other for ever.
 * @throws AppError not_found, also when the connector is deleted
 */
export async function findPair(
  tx: Tx,
  ctx: Ctx,
  id: string,
  { lock = false }: { lock?: boolean } = {},
): Promise<ConnectionPair> {
  const seen = await mustFindConnection(tx, ctx, id);
  const connector = await mustFind(tx, ctx, seen.connectorId, { lock });
  return { connector, connection: lock ? await mustFindConnection(tx, ctx, id, { lock }) : seen };
}
