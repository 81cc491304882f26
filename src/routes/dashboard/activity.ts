import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { listAudit } from '../../services/audit.ts';
import { getAuditStanding } from '../../services/secrets/audit-standing.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ActivityResults, SealsModel } from '../view-models/activity.ts';
import { actionLabels, activityRow } from './activity-model.ts';

export const activityPages = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.activity,
      role: 'member',
      audit: null,
      example: { query: { action: 'connector.installed' } },
    },
    async (ctx, c) => {
      const results = await activityResults(ctx, c);
      if (isPartial(c)) return tools.html(c, 'activity/_results', { results });
      const [shell, seals] = await Promise.all([
        tools.shell(c, ctx, { title: 'Activity', tab: 'activity' }),
        sealsOf(ctx),
      ]);
      return tools.html(c, 'activity/index', { shell, results, seals });
    },
  ),
];

async function activityResults(ctx: Ctx, c: Context<Env>): Promise<ActivityResults> {
  const { q = '', action = '', cursor } = c.req.query();
  const filters = { q: q.slice(0, 200), action: Object.hasOwn(actionLabels, action) ? action : '' };
  const { value, failure } = await orFailure(
    listAudit(ctx, { q: filters.q || undefined, action: filters.action || undefined, cursor }),
  );
  return {
    filters,
    actions: Object.entries(actionLabels).map(([key, label]) => ({ action: key, label })),
    rows: value?.data.map(activityRow) ?? [],
    next: value?.nextCursor ? nextPage(c, paths.activity, value.nextCursor) : null,
    newest: cursor ? newestPage(filters) : null,
    failure,
  };
}

/** Null when it could not be read: the list says why. */
async function sealsOf(ctx: Ctx): Promise<SealsModel | null> {
  const { value } = await orFailure(getAuditStanding(ctx));
  return (
    value && {
      events: value.events,
      upTo: value.sealedUpTo,
      verifiedAt: value.verified?.verifiedAt ?? null,
      problems: value.verified?.problems.map(({ message }) => message) ?? [],
    }
  );
}

function newestPage(filters: ActivityResults['filters']): string {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return query.size ? `${paths.activity}?${query}` : paths.activity;
}
