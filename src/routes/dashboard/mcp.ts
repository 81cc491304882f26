import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import { isScope, scopes } from '../../services/api-keys/scopes.ts';
import { disconnectApp, getApp, listApps } from '../../services/mcp-access/apps.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { frame, limitsInWords, settingsNav } from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';
import type { AppRow, ClientGuide } from '../view-models/mcp.ts';

const member = { role: 'member', example: {} } as const;

/** How agents reach the tools of the workspace, and the apps that may. */
export const mcpPages = (tools: PageTools): PageRoute[] => [
  page({ ...member, method: 'get', path: paths.mcp, audit: null }, (ctx, c) => mcpPage(tools, ctx, c)),
  page({ ...member, method: 'get', path: paths.appDisconnection(':id'), audit: null }, async (ctx, c) => {
    const app = await getApp(ctx, idOf(c));
    const confirm = disconnection(ctx, app, codeOf(app, await listApps(ctx)));
    return isPartial(c) ? tools.html(c, 'settings/_confirm', { confirm }) : mcpPage(tools, ctx, c, confirm);
  }),
  page({ ...member, method: 'delete', path: paths.connectedApp(':id'), audit: 'mcp_app.revoked' }, async (ctx, c) => {
    const { name } = await disconnectApp(ctx, idOf(c));
    leaveNotice(c, tools.hub, { tone: 'ok', name, text: 'is disconnected. Its requests are refused from now on.' });
    return tools.redirect(c, paths.mcp);
  }),
];

async function mcpPage(tools: PageTools, ctx: Ctx, c: Context<Env>, confirm?: Confirm): Promise<Response> {
  const url = `${tools.hub.config.baseUrl}/mcp`;
  const { value, failure } = await orFailure(listApps(ctx));
  const apps = value?.map((app) => appRow(ctx, app, value)) ?? [];
  return tools.html(c, 'settings/mcp', {
    shell: await frame(tools, ctx, c, 'Agents', confirm),
    nav: settingsNav(ctx, paths.mcp),
    mcp: {
      url,
      clients: clientsFor(url),
      apps,
      failure,
      everybody: mayActAs(ctx.actor, 'admin'),
      locked: lockedFor(ctx),
    },
  });
}

type App = Awaited<ReturnType<typeof listApps>>[number];

const appRow = (ctx: Ctx, app: App, all: App[]): AppRow => ({
  id: app.id,
  name: app.name,
  host: app.clientHost ?? '',
  code: codeOf(app, all),
  may: [...app.scopes.map((scope) => (isScope(scope) ? scopes[scope] : scope)), ...limitsInWords(app.limits)],
  person: app.createdBy === ctx.actor.id ? '' : app.createdByName,
  createdAt: app.createdAt,
  expiresAt: app.expiresAt,
  lastUsedAt: app.lastUsedAt,
});

/** As much of its id as tells a few apps of one name apart. */
const codeOf = ({ id, name }: { id: string; name: string }, all: App[]): string =>
  all.filter((app) => app.name === name).length > 1 ? id.slice(-6) : '';

const disconnection = (
  ctx: Ctx,
  { id, name, createdBy, createdByName }: Awaited<ReturnType<typeof getApp>>,
  code: string,
): Confirm => ({
  title: `Disconnect ${name}${code && ` …${code}`}?`,
  tenantId: ctx.tenantId,
  method: 'DELETE',
  path: paths.connectedApp(id),
  back: paths.mcp,
  consequences: [
    'It is refused from its next request on.',
    createdBy === ctx.actor.id
      ? 'To use it again, connect it once more from the app.'
      : `${createdByName} let it in, and can connect it again from the app.`,
  ],
  submit: 'Disconnect',
  keep: 'Keep it',
  select: null,
});

const lockedFor = (ctx: Ctx): string =>
  mayActAs(ctx.actor, 'admin')
    ? ''
    : 'Only owners and admins can make API keys. Connect by URL, or ask one of them for a key.';

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** What clients fill in themselves. */
const filledIn = (name: string) => `$${'{'}${name}}`;

/** By URL nothing is pasted but the address. The key stands in none of them where the client can keep it elsewhere. */
function clientsFor(url: string): ClientGuide[] {
  return guides(url).map(({ name, where, byUrl, byKey }) => ({
    name,
    where,
    ways: [
      { way: 'url', label: 'By URL', text: byUrl },
      { way: 'key', label: 'With a key', text: byKey },
    ],
  }));
}

function guides(url: string) {
  const authorization = (key: string) => ({ Authorization: `Bearer ${key}` });
  return [
    {
      name: 'Claude Code',
      where:
        'In a terminal. By URL: then type /mcp in Claude Code and sign in. With a key: it is in the variable PATCHBAY_KEY.',
      byUrl: `claude mcp add --transport http patchbay ${url}`,
      byKey: `claude mcp add --transport http patchbay ${url} --header "Authorization: Bearer $PATCHBAY_KEY"`,
    },
    {
      name: 'Claude and Claude Desktop',
      where:
        'By URL: Settings, Connectors, Add custom connector; the hub has to be reachable from the internet. With a key: in claude_desktop_config.json, which needs Node; the key takes the place of “pbk_…”.',
      byUrl: url,
      byKey: json({
        mcpServers: {
          patchbay: {
            command: 'npx',
            args: ['-y', 'mcp-remote', url, '--header', `Authorization:${filledIn('AUTHORIZATION')}`],
            env: { AUTHORIZATION: 'Bearer pbk_…' },
          },
        },
      }),
    },
    {
      name: 'Cursor',
      where:
        'In ~/.cursor/mcp.json. By URL: then press Connect beside it. With a key: it is in the variable PATCHBAY_KEY.',
      byUrl: json({ mcpServers: { patchbay: { url } } }),
      byKey: json({ mcpServers: { patchbay: { url, headers: authorization(filledIn('env:PATCHBAY_KEY')) } } }),
    },
    {
      name: 'VS Code',
      where:
        'In .vscode/mcp.json. By URL it opens the sign-in by itself; with a key, it asks for it once and keeps it.',
      byUrl: json({ servers: { patchbay: { type: 'http', url } } }),
      byKey: json({
        inputs: [{ type: 'promptString', id: 'patchbay-key', description: 'Patchbay API key', password: true }],
        servers: { patchbay: { type: 'http', url, headers: authorization(filledIn('input:patchbay-key')) } },
      }),
    },
    {
      name: 'Any other',
      where: 'Streamable HTTP; by URL with OAuth, or with a header. The key takes the place of “pbk_…”.',
      byUrl: json({ mcpServers: { patchbay: { type: 'http', url } } }),
      byKey: json({ mcpServers: { patchbay: { type: 'http', url, headers: authorization('pbk_…') } } }),
    },
  ];
}
