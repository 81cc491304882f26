import { listApplications, takesApplication } from '../../services/authorizations/oauth-applications.ts';
import { listEntrySwitches, switchEntry } from '../../services/connectors/provisioned-entries.ts';
import type { OperatorCtx } from '../../services/tenants/operator-trail.ts';
import { leaveNotice } from '../flash.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { OperatorEntry } from '../view-models/operator.ts';
import { operatorShell } from './operator-shell.ts';

/** What the catalog offers on this hub. */
export const operatorEntryPages = (tools: PageTools): PageRoute[] => [
  operatorPage(tools.hub, { method: 'get', path: paths.operatorEntries, audit: null, example: {} }, async (ctx, c) =>
    tools.html(c, 'operator/entries', {
      shell: operatorShell(tools, c, 'Catalog entries', 'entries'),
      entries: await entries(ctx),
    }),
  ),
  ...(['post', 'delete'] as const).map((method) => {
    const on = method === 'post';
    const audit = on ? 'entry.enabled' : 'entry.disabled';
    return operatorPage(
      tools.hub,
      { method, path: paths.entryAvailability(':entry'), audit, example: {} },
      async (ctx, c) => {
        const { name } = await switchEntry(ctx, c.req.param('entry') ?? '', on);
        const text = on ? 'can be installed.' : 'can no longer be installed. What is installed stays.';
        leaveNotice(c, tools.hub, { tone: 'ok', name, text });
        return tools.redirect(c, paths.operatorEntries);
      },
    );
  }),
];

async function entries(ctx: OperatorCtx): Promise<OperatorEntry[]> {
  const switches = await listEntrySwitches(ctx);
  const registered = await listApplications(ctx);
  const possible = takesApplication(ctx);
  return switches.map(({ key, name, enabled }) => ({
    ...{ key, name, enabled },
    application: possible.has(key) ? registered.has(key) : null,
  }));
}
