import { type Ctx, mayActAs } from '../../context.ts';
import { type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { frame, settingsNav } from '../settings-page.ts';
import type { McpClient } from '../settings-views.ts';

/** How agents reach the tools of the workspace. */
export const mcpPages = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.mcp, role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const url = `${tools.hub.config.baseUrl}/mcp`;
    return tools.html(c, 'settings/mcp', {
      shell: await frame(tools, ctx, c, 'Agents'),
      nav: settingsNav(ctx, paths.mcp),
      mcp: { url, clients: clientsFor(url), locked: lockedFor(ctx) },
    });
  }),
];

const lockedFor = (ctx: Ctx): string =>
  mayActAs(ctx.actor, 'admin') ? '' : 'Only owners and admins can make API keys. Ask one of them for one.';

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** What clients fill in themselves. */
const filledIn = (name: string) => `$${'{'}${name}}`;

/** The key stands in none of them where the client can keep it elsewhere. */
function clientsFor(url: string): McpClient[] {
  const authorization = (key: string) => ({ Authorization: `Bearer ${key}` });
  return [
    {
      name: 'Claude Code',
      where: 'In a terminal, with the key in the variable PATCHBAY_KEY.',
      text: `claude mcp add --transport http patchbay ${url} --header "Authorization: Bearer $PATCHBAY_KEY"`,
    },
    {
      name: 'Claude Desktop',
      where:
        'In claude_desktop_config.json (Settings, Developer, Edit config). Needs Node. The key takes the place of “pbk_…”.',
      text: json({
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
      where: 'In ~/.cursor/mcp.json, with the key in the variable PATCHBAY_KEY.',
      text: json({ mcpServers: { patchbay: { url, headers: authorization(filledIn('env:PATCHBAY_KEY')) } } }),
    },
    {
      name: 'VS Code',
      where: 'In .vscode/mcp.json. It asks for the key once and keeps it.',
      text: json({
        inputs: [{ type: 'promptString', id: 'patchbay-key', description: 'Patchbay API key', password: true }],
        servers: { patchbay: { type: 'http', url, headers: authorization(filledIn('input:patchbay-key')) } },
      }),
    },
    {
      name: 'Any other',
      where: 'Streamable HTTP with a header. The key takes the place of “pbk_…”.',
      text: json({ mcpServers: { patchbay: { type: 'http', url, headers: authorization('pbk_…') } } }),
    },
  ];
}
