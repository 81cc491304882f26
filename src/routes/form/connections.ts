import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { deleteConnection } from '../../services/connections/connection-deletion.ts';
import { setConnectionStatus } from '../../services/connections/connection-status.ts';
import { connectionUse } from '../../services/connections/connection-use.ts';
import { connectionName } from '../../services/connections/connections.ts';
import { getHealth } from '../../services/health/health.ts';
import { connectorDetail } from '../dashboard/connectors.ts';
import { usesOf } from '../dashboard/execution-model.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Question } from '../view-models/dialog.ts';
import type { Toast } from '../view-models/shared.ts';

/** What people do with connections on their connector's page. */
export const connectionForms = (tools: PageTools): PageRoute[] => [
  page(
    { method: 'post', path: paths.connectionChecks(':id'), role: 'member', audit: null, example: {} },
    async (ctx, c) => {
      const asked = Date.now();
      const { connection } = await getHealth(ctx, idOf(c), { refresh: true });
      const seconds = Math.ceil((asked - (connection.healthCheckedAt?.getTime() ?? asked)) / 1000);
      const well = connection.health === 'healthy' && connection.status === 'active';
      const found = connection.statusReason ?? connection.healthMessage ?? 'It was checked.';
      const text = seconds > 0 ? `Checked ${seconds} s ago, so not again yet: ${found}` : found;
      return changed(tools, ctx, c, connection.connectorId, { tone: well ? 'ok' : 'bad', text });
    },
  ),
  page(
    {
      method: 'post',
      path: paths.connectionActivation(':id'),
      role: 'member',
      audit: 'connection.activated',
      example: {},
    },
    (ctx, c) => switchTo(tools, ctx, c, 'active'),
  ),
  page(
    {
      method: 'delete',
      path: paths.connectionActivation(':id'),
      role: 'member',
      audit: 'connection.deactivated',
      example: {},
    },
    (ctx, c) => switchTo(tools, ctx, c, 'inactive'),
  ),
  page(
    { method: 'get', path: paths.connectionDeletion(':id'), role: 'member', audit: null, example: {} },
    async (ctx, c) => {
      const { connection, connector, use } = await connectionUse(ctx, idOf(c));
      const question: Question = {
        title: `Disconnect ${connectionName(connection, connector)}?`,
        tenantId: ctx.tenantId,
        icon: connector.catalog.icon,
        use: usesOf(use),
        consequences: [
          `Its use stops at once, and ${connector.catalog.name} is asked to end the access where that is possible.`,
          'The history of its checks is deleted with it.',
        ],
        path: paths.connection(connection.id),
        back: paths.connector(connector.id),
        undo: '',
        submit: 'Disconnect',
        destroys: true,
        keep: 'Keep it',
      };
      if (isPartial(c)) return tools.html(c, 'connectors/_question', { question });
      const detail = await connectorDetail(ctx, connector.id);
      const shell = {
        title: question.title,
        tab: 'installed' as const,
        dialog: { kind: 'question' as const, question },
      };
      return tools.html(c, 'connectors/show', { shell: await tools.shell(c, ctx, shell), detail });
    },
  ),
  page(
    { method: 'delete', path: paths.connection(':id'), role: 'member', audit: 'connection.deleted', example: {} },
    async (ctx, c) => {
      const { connection, connector, revocation } = await deleteConnection(ctx, idOf(c));
      const failed = revocation.outcome === 'failed';
      const told = revocation.outcome === 'none' ? '' : ` ${revocation.message}`;
      const name = connectionName(connection, connector);
      const toast: Toast = { tone: failed ? 'info' : 'ok', name, text: `is disconnected.${told}` };
      return changed(tools, ctx, c, connector.id, toast);
    },
  ),
];

async function switchTo(tools: PageTools, ctx: Ctx, c: Context<Env>, status: 'active' | 'inactive') {
  const { accountLabel, connectorId } = await setConnectionStatus(ctx, idOf(c), status);
  const text =
    status === 'active' ? 'is switched on, and is being checked.' : 'is switched off. Nothing is called through it.';
  return changed(tools, ctx, c, connectorId, { tone: 'ok', name: accountLabel ?? 'The connection', text });
}

/** The regions that show connectors load themselves anew; without htmx it is a redirect with a notice. */
async function changed(tools: PageTools, ctx: Ctx, c: Context<Env>, connectorId: string, toast: Toast) {
  if (!isPartial(c)) {
    leaveNotice(c, tools.hub, toast);
    return tools.redirect(c, paths.connector(connectorId));
  }
  c.header('HX-Trigger', JSON.stringify({ 'dialog-close': {}, 'connectors-changed': {} }));
  c.header('HX-Reswap', 'none');
  return c.html(await tools.done(ctx, toast));
}
