import { isDeepStrictEqual } from 'node:util';
import type { Ctx } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import { type ConnectorRow, findConnector } from '../../db/queries/connectors.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { VaultError } from '../../vault/vault.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openSecrets, type Part } from '../secrets/secrets.ts';
import type { CheckedValues, ConnectorInput } from './connector-input.ts';

type Wanted = Pick<CheckedValues, Part> & Pick<ConnectorInput, 'name' | 'tags'>;

/** What a form that is sent twice runs into: its own row, or the place that it has taken. */
export const mayBeRepeated = (error: unknown) =>
  uniqueViolation(error) || (error instanceof AppError && error.code === 'quota_exceeded');

/** The same form sent twice: what the first one installed, if that is still what this one asks for. */
export async function alreadyInstalled(
  ctx: Ctx,
  id: string,
  driver: LoadedDriver,
  { name, tags, config, auth }: Wanted,
): Promise<ConnectorRow | null> {
  const read = async (tx: Tx) => {
    const found = await findConnector(tx, ctx.tenantId, id);
    if (!found || found.catalog.key !== driver.entry.key || found.createdBy !== ctx.actor.id) return null;
    const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    const opened = (part: Part) =>
      openSecrets(ctx.hub.vault, keys, { tenantId: ctx.tenantId, connectorId: id, part }, found[part]);
    const stands = { name: found.name, tags: found.tags, config: opened('config'), auth: opened('auth') };
    return isDeepStrictEqual(stands, { name, tags, config, auth }) ? found : null;
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true }).catch((error: unknown) => {
    if (error instanceof VaultError) return null; // what does not open cannot be the same
    throw error;
  });
}
