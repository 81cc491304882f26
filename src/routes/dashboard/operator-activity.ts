import type { Context } from 'hono';
import type { OperatorEventRow as StoredEvent } from '../../db/queries/operators.ts';
import { getOperatorEvent, listOperatorEvents, type OperatorCtx } from '../../services/tenants/operator-trail.ts';
import type { Env } from '../env.ts';
import { nextPage } from '../next-page.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { OperatorActivity } from '../view-models/operator.ts';
import type { OperatorEventRow } from '../view-models/operator-upkeep.ts';
import { operatorShell } from './operator-shell.ts';

/** What operators did: the list and each event with its details. */
export const operatorActivityPages = (tools: PageTools): PageRoute[] => [
  operatorPage(tools.hub, { method: 'get', path: paths.operator, audit: null, example: {} }, (_ctx, c) =>
    tools.redirect(c, paths.operatorTenants),
  ),
  operatorPage(tools.hub, { method: 'get', path: paths.operatorActivity, audit: null, example: {} }, async (ctx, c) =>
    tools.html(c, 'operator/activity', {
      shell: operatorShell(tools, c, 'Operators’ activity', 'activity'),
      results: await activity(ctx, c),
    }),
  ),
  operatorPage(
    tools.hub,
    { method: 'get', path: paths.operatorEvent(':event'), audit: null, example: {} },
    async (ctx, c) => {
      const event = await getOperatorEvent(ctx, c.req.param('event') ?? '');
      const row = eventRow(event);
      return tools.html(c, 'operator/event', {
        shell: operatorShell(tools, c, `${row.actor} ${row.label} ${row.subject}`, 'activity'),
        row,
        facts: factsOf(event.details),
      });
    },
  ),
];

async function activity(ctx: OperatorCtx, c: Context<Env>): Promise<OperatorActivity> {
  const { subject: subjectId, cursor } = c.req.query();
  const { data, nextCursor } = await listOperatorEvents(ctx, { subjectId, cursor });
  const newest = subjectId
    ? `${paths.operatorActivity}?${new URLSearchParams({ subject: subjectId })}`
    : paths.operatorActivity;
  return {
    rows: data.map(eventRow),
    about: subjectId ? (data[0]?.subjectName ?? '') : '',
    next: nextCursor ? nextPage(c, paths.operatorActivity, nextCursor) : null,
    newest: cursor ? newest : null,
  };
}

/** Every action of the trail, in words. */
const labels: Record<string, string> = {
  'operator.added': 'gave the hub’s operation to',
  'operator.removed': 'took the hub’s operation from',
  'tenant.created': 'created the workspace',
  'tenant.renamed': 'renamed the workspace to',
  'tenant.suspended': 'suspended the workspace',
  'tenant.resumed': 'resumed the workspace',
  'tenant.quotas_changed': 'changed the limits of',
  'tenant.entries_changed': 'changed the catalog entries of',
  'entry.enabled': 'switched on the catalog entry',
  'entry.application_registered': 'registered an application for',
  'entry.application_removed': 'removed the application for',
  'entry.disabled': 'switched off the catalog entry',
  'tenant.exported': 'exported the workspace',
  'tenant.deletion_started': 'began to delete the workspace',
  'tenant.deleted': 'deleted the workspace',
  'hub.secrets_checked': 'opened every secret of',
  'master_key.rotation_started': 'began to change',
  'master_key.rotation_finished': 'changed',
  'master_key.rotation_stopped': 'was cut off changing',
  'data_keys.rotation_started': 'began to change the data keys of',
  'data_keys.rotation_finished': 'changed the data keys of',
  'data_keys.rotation_stopped': 'was cut off changing the data keys of',
};

export const eventRow = (event: StoredEvent): OperatorEventRow => ({
  id: event.id,
  at: event.createdAt,
  actor: event.actorName,
  label: labels[event.action] ?? event.action,
  subject: event.subjectName,
  requestId: event.requestId,
  ip: event.ip,
});

/** Details are short facts; what is nested is flattened, so that every number of a report has its own line. */
function factsOf(details: Record<string, unknown>, prefix = ''): { label: string; value: string }[] {
  return Object.entries(details).flatMap(([key, value]) => {
    const label = `${prefix}${key.replaceAll('_', ' ')}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return factsOf(value as Record<string, unknown>, `${label}: `);
    return [{ label, value: Array.isArray(value) ? value.join(', ') || 'none' : inWords(value) }];
  });
}

const inWords = (value: unknown): string =>
  value === null ? 'none' : typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
