import { requireRole } from '../../context.ts';
import { requireFile, takeOverConnector } from '../../services/connector-files/takeover.ts';
import { getConnector } from '../../services/connectors/installed.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { changed, openDialog } from './connector-answers.ts';
import { takeoverOf } from './connector-questions.ts';

const admin = { role: 'admin', path: paths.connectorManagement(':id'), example: {} } as const;

/** Takes a connector away from the file that manages it. */
export const connectorManagementForms = (tools: PageTools): PageRoute[] => [
  page({ ...admin, method: 'get', audit: null }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'take connectors over');
    const { connector } = await getConnector(ctx, idOf(c));
    requireFile(connector);
    return openDialog(tools, ctx, c, { kind: 'question', question: await takeoverOf(ctx, connector) });
  }),
  page({ ...admin, method: 'delete', audit: 'connector.taken_over' }, async (ctx, c) => {
    const { name } = await takeOverConnector(ctx, idOf(c));
    return changed(tools, ctx, c, { tone: 'ok', name, text: 'can be changed here until the file is applied again.' });
  }),
];
