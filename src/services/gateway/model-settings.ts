import { type Ctx, changedBy, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectorRow, findConnector, selectConnectors } from '../../db/queries/connectors.ts';
import { findSettings, upsertSettings } from '../../db/queries/tenant-settings.ts';
import { invalid, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { modelDrivers } from './gateway-target.ts';

const catalogKeys = (ctx: Ctx) => modelDrivers(ctx).map(({ entry }) => entry.key);

/** The connectors to language models whatever their state, and the one that questions go through when nothing else says it. */
export async function getModelSettings(ctx: Ctx): Promise<{ connectors: ConnectorRow[]; defaultId: string | null }> {
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const connectors = await selectConnectors(tx, ctx.tenantId, { catalogKeys: catalogKeys(ctx), limit: 200 });
      const { defaultModelConnectorId: id } = await findSettings(tx, ctx.tenantId);
      return { connectors, defaultId: connectors.some((each) => each.id === id) ? id : null };
    },
    { readOnly: true },
  );
}

/**
 * Decides through which connector models are asked when neither the key nor the caller says it; null for none.
 * @throws AppError forbidden, not_found, invalid_input for a connector of another kind
 */
export async function setDefaultModelConnector(ctx: Ctx, id: string | null): Promise<void> {
  requireRole(ctx, 'admin', 'choose how language models are asked');
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = id === null ? null : await mustFindModelConnector(tx, ctx, id, 'default_connector_id');
    await upsertSettings(tx, ctx.tenantId, { defaultModelConnectorId: connector?.id ?? null, ...changedBy(ctx) });
    const name = connector ? `to ask models through ${connector.name}` : 'to ask models through no default connector';
    await recordAudit(tx, ctx, { action: 'settings.updated', subject: { type: 'tenant', id: ctx.tenantId, name } });
  });
}

/** @throws AppError not_found, invalid_input at the field */
export async function mustFindModelConnector(tx: Tx, ctx: Ctx, id: string, field: string): Promise<ConnectorRow> {
  const connector = await findConnector(tx, ctx.tenantId, id);
  if (!connector) throw notFound('connector');
  if (catalogKeys(ctx).includes(connector.catalog.key)) return connector;
  throw invalid({ [field]: [`${connector.name} is no connector to language models.`] });
}
