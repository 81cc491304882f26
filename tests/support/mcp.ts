import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import type { Json, TestApp } from './app.ts';
import type { Person } from './cast.ts';

export interface Agent {
  client: Client;
  tools(): Promise<Tool[]>;
  call(name: string, values?: Json): Promise<CallToolResult & { text: string }>;
}

/** The app on a port of its own, and agents that speak the protocol through its own SDK. */
export async function mcpHub(at: TestApp) {
  const server = serve({ fetch: at.app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await new Promise<void>((resolve) => (server.listening ? resolve() : server.once('listening', () => resolve())));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const clients: Client[] = [];
  let keys = 0;
  return {
    url,
    /** Makes a key; `more` are fields of the body. */
    async keyOf(person: Person, scopes = ['tools:read', 'tools:execute'], more: Json = {}): Promise<Json> {
      keys += 1;
      const body = { name: `Agent ${keys}`, role: 'member', scopes, ...more };
      return (await at.as(person, 'POST', '/api/api-keys', body)).json();
    },
    async agent(key: string): Promise<Agent> {
      const client = new Client({ name: 'test', version: '1' });
      const headers = { authorization: `Bearer ${key}` };
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
      clients.push(client);
      return {
        client,
        async tools() {
          const all: Tool[] = [];
          for (let cursor: string | undefined = ''; cursor !== undefined; ) {
            const page: Json = await client.listTools(cursor ? { cursor } : {});
            all.push(...page.tools);
            cursor = page.nextCursor;
          }
          return all;
        },
        async call(name, values = {}) {
          const result = (await client.callTool({ name, arguments: values })) as CallToolResult;
          return { ...result, text: result.content.map((each) => (each.type === 'text' ? each.text : '')).join('\n') };
        },
      };
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
