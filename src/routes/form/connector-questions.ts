import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { connectorUse } from '../../services/connectors/connector-use.ts';
import { usesOf } from '../dashboard/execution-model.ts';
import { paths } from '../paths.ts';
import type { Question } from '../view-models/dialog.ts';

const about = async (ctx: Ctx, { id, catalog }: ConnectorRow) => ({
  icon: catalog.icon,
  tenantId: ctx.tenantId,
  use: usesOf(await connectorUse(ctx, id)),
  back: paths.installed,
});

const stops = ({ status, catalog }: ConnectorRow): string =>
  status === 'inactive'
    ? 'It is inactive, so nothing that works now will stop.'
    : `Everything that uses ${catalog.name} through it stops working at once.`;

/** The question before a delete. */
export const deletionOf = async (ctx: Ctx, connector: ConnectorRow): Promise<Question> => ({
  ...(await about(ctx, connector)),
  title: `Delete ${connector.name}?`,
  consequences: [stops(connector), 'Its settings and saved secrets go with it.'],
  undo: 'You can undo this for ten minutes.',
  path: paths.connector(connector.id),
  submit: 'Delete',
  destroys: true,
  keep: 'Keep it',
});

/** The question before it is taken away from a file. */
export const takeoverOf = async (ctx: Ctx, connector: ConnectorRow): Promise<Question> => ({
  ...(await about(ctx, connector)),
  title: `Take over ${connector.name}?`,
  consequences: [
    `The file ${connector.fileState?.source ?? ''} describes it, and people can change it then until that file is applied again.`,
    'Tell whoever keeps the file what you change, or it is lost with that.',
  ],
  undo: 'Applying the file takes it back.',
  path: paths.connectorManagement(connector.id),
  submit: 'Take over',
  destroys: false,
  keep: 'Leave it to the file',
});

/** The question before it is switched off. */
export const deactivationOf = async (ctx: Ctx, connector: ConnectorRow): Promise<Question> => ({
  ...(await about(ctx, connector)),
  title: `Deactivate ${connector.name}?`,
  consequences: [stops(connector), 'Its accounts are not checked any more. Settings, accounts and secrets are kept.'],
  undo: 'You can activate it again at any time.',
  path: paths.connectorActivation(connector.id),
  submit: 'Deactivate',
  destroys: false,
  keep: connector.status === 'inactive' ? 'Cancel' : 'Keep it active',
});
