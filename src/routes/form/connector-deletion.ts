import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { useSentences } from '../dashboard/execution-model.ts';
import { paths } from '../paths.ts';
import type { Deletion } from '../views.ts';

/** The question before a delete, with what stops working. */
export async function deletionOf(ctx: Ctx, { id, name, status, catalog }: ConnectorRow): Promise<Deletion> {
  const use =
    status === 'inactive'
      ? 'It is inactive, so nothing that works now will stop.'
      : `Everything that uses ${catalog.name} through it stops working at once.`;
  return {
    id,
    name,
    icon: catalog.icon,
    tenantId: ctx.tenantId,
    consequences: [use, ...(await useSentences(ctx, id)), 'Its settings and saved secrets go with it.'],
    path: paths.connector(id),
    back: paths.installed,
  };
}
