import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type Tool as McpTool,
} from '@modelcontextprotocol/sdk/types.js';
import type { Context, Hono } from 'hono';
import type { Ctx, Hub } from '../../context.ts';
import type { SideEffect, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { openApiKey } from '../../services/api-keys/api-key-access.ts';
import { metadataOf } from '../../services/mcp-access/addresses.ts';
import { openAppToken } from '../../services/mcp-access/app-access.ts';
import { appScopes } from '../../services/mcp-access/app-request.ts';
import { callHubTool, type HubTool, hubTools } from '../../services/tools/hub-tools.ts';
import { callNamedTool, UnknownTool } from '../../services/tools/named-calls.ts';
import { type NamedTool, pageOfNamedTools } from '../../services/tools/named-tools.ts';
import type { Env } from '../env.ts';
import { asAppError } from '../errors.ts';
import { bearerOf, enter, requireScope } from '../middleware/api-key.ts';
import { ownHost } from '../middleware/own-host.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { runningTenant } from '../middleware/running-tenant.ts';
import { ctxOf } from '../middleware/session.ts';
import { version } from './openapi.ts';

const pageSize = 100;

/** The workspace’s tools for agents, under the Model Context Protocol: streamable HTTP without sessions; by API key or the token of an app. */
export function mountMcp(app: Hono<Env>, { hub, metrics }: { hub: Hub; metrics: Metrics }) {
  const open = metrics.gauge('patchbay_mcp_requests_open', 'Requests of agents that are being answered');
  app.use('/mcp', ownHost(hub.config.baseUrl), async (c, next) => {
    if (c.req.method !== 'POST') {
      c.header('Allow', 'POST');
      throw new AppError('method_not_allowed', 'There are no sessions to open or close here: send POST.');
    }
    await enterByBearer(c, hub);
    requireScope(c, 'tools:read');
    await next();
  });
  app.use('/mcp', rateLimit({ hub, name: 'mcp', rate: 600 }), runningTenant());
  app.post('/mcp', async (c) => {
    const parsedBody = await readMessage(c);
    const server = serverFor(c);
    // One for each request: neither may ever serve two callers.
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    open.inc();
    try {
      await server.connect(transport);
      return await transport.handleRequest(c.req.raw, { parsedBody });
    } finally {
      await server.close();
      open.dec();
    }
  });
}

/**
 * By the key of a program or the token of an app; whoever has neither is told where to get one (RFC 9728, 5.1).
 * @throws AppError not_signed_in
 */
async function enterByBearer(c: Context<Env>, hub: Hub): Promise<void> {
  const sent = bearerOf(c);
  const access = sent === null ? null : ((await openAppToken(hub, sent)) ?? (await openApiKey(hub, sent)));
  if (access) return enter(c, hub, access);
  const error = sent === null ? '' : 'error="invalid_token", ';
  c.header('WWW-Authenticate', `Bearer ${error}resource_metadata="${metadataOf(hub)}", scope="${appScopes.join(' ')}"`);
  throw new AppError(
    'not_signed_in',
    sent === null
      ? 'Connect by OAuth, as WWW-Authenticate says, or send an API key of this hub as Authorization: Bearer.'
      : 'This key or token does not work: it is misspelt, expired or revoked, or its person has left the workspace. Connect the app again, or make a new key.',
  );
}

/** One message: of several in one request each would escape the limits of requests. @throws AppError malformed_request */
async function readMessage(c: Context<Env>): Promise<unknown> {
  const message: unknown = await c.req.json().catch(() => null);
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message;
  throw new AppError('malformed_request', 'Send one JSON-RPC message: an object, no list of several.');
}

function serverFor(c: Context<Env>): Server {
  const ctx = ctxOf(c);
  const server = new Server(
    { name: 'patchbay', title: 'Patchbay', version },
    { capabilities: { tools: {} }, instructions },
  );
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => orMcpError(c, () => list(ctx, params?.cursor)));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
    orMcpError(c, () => call(c, params.name, params.arguments ?? {})),
  );
  return server;
}

const instructions =
  'Tools of the services that this workspace has connected, named <connector>__<tool>. Errors say what to do; a write whose outcome is unknown must not simply be sent again. Some calls wait for an admin: get_execution tells how they stand.';

async function list(ctx: Ctx, cursor?: string) {
  const { data, nextCursor } = await pageOfNamedTools(ctx, { cursor, limit: pageSize });
  const first = cursor ? [] : hubTools.map(asOwnTool);
  return { tools: [...first, ...data.map(asMcpTool)], ...(nextCursor && { nextCursor }) };
}

async function call(c: Context<Env>, name: string, values: Values): Promise<CallToolResult> {
  try {
    const own = hubTools.find((each) => each.name === name);
    if (own) return asContent(await callHubTool(ctxOf(c), own, values));
    requireScope(c, 'tools:execute');
    return await callNamedTool(ctxOf(c), name, values, c.req.raw.signal).then(asResult);
  } catch (error) {
    if (error instanceof UnknownTool) throw new McpError(ErrorCode.InvalidParams, error.message);
    return failure(asAppError(c, error));
  }
}

/** What is thrown reaches the caller as its message: so nothing unexpected may. */
async function orMcpError<T>(c: Context<Env>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof McpError) throw thrown;
    const error = asAppError(c, thrown);
    const code = error.status < 500 ? ErrorCode.InvalidParams : ErrorCode.InternalError;
    throw new McpError(code, toldWhole(error));
  }
}

function asMcpTool({ name, tool, connector }: NamedTool): McpTool {
  return {
    name,
    title: `${connector.name}: ${tool.title}`,
    description: tool.description,
    inputSchema: inputSchemaOf(tool.input as Values),
    annotations: { title: tool.title, ...hintsOf(tool.sideEffect, tool.adds), openWorldHint: true },
  };
}

const asOwnTool = ({ name, title, description, input }: HubTool): McpTool => ({
  ...{ name, title, description, inputSchema: inputSchemaOf(input as Values) },
  annotations: { title, ...hintsOf('none'), openWorldHint: false },
});

const hintsOf = (sideEffect: SideEffect, adds = false) => ({
  readOnlyHint: sideEffect === 'none',
  destructiveHint: sideEffect !== 'none' && !adds,
  idempotentHint: sideEffect !== 'write',
});

/** Clients refuse the whole list when one schema is not an object’s, or says `true` for a property that may be anything. */
function inputSchemaOf(schema: Values): McpTool['inputSchema'] {
  const properties = Object.entries((schema.properties ?? {}) as Values);
  const objects = properties.map(([name, each]) => [name, typeof each === 'object' && each ? each : {}]);
  return { ...schema, type: 'object', properties: Object.fromEntries(objects) };
}

type Called = Awaited<ReturnType<typeof callNamedTool>>;

function asResult(called: Called): CallToolResult {
  const { executionId, status, data, error } = called;
  const _meta = { 'patchbay/execution_id': executionId };
  if (status === 'awaiting_approval') return { ...asWaiting(called), _meta };
  if (status === 'succeeded') return { ...asContent(isObject(data) ? data : { result: data }), _meta };
  const lines = [
    error?.message ?? 'The tool failed.',
    error?.field && `Look at: ${error.field}`,
    status === 'failed' && again(error),
    `Execution: ${executionId} (${status})`,
  ];
  return { content: [{ type: 'text', text: lines.filter(Boolean).join('\n') }], isError: true, _meta };
}

/** No failure: models would try again, or something else. */
function asWaiting({ executionId, approvalUntil }: Called): CallToolResult {
  const expires = approvalUntil?.toISOString();
  const text = `Nothing has happened yet: an admin of this workspace has to approve this call, until ${expires}. Tell the person so. Look how it stands with the tool get_execution and execution_id ${executionId}; it gives the result once it has run. Do not call this tool again for the same thing.`;
  const structuredContent = { status: 'awaiting_approval', execution_id: executionId, expires_at: expires };
  return { content: [{ type: 'text', text }], structuredContent };
}

const again = (error: Called['error']) =>
  error?.retryable
    ? `The same call may succeed later${inSeconds(error.retry_after_s)}.`
    : 'The same call will not succeed by trying again.';

const asContent = (structuredContent: Values): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
  structuredContent,
});

const failure = (error: AppError): CallToolResult => ({
  content: [{ type: 'text', text: toldWhole(error) }],
  isError: true,
});

/** The sentence, with what is wrong by argument. */
function toldWhole({ message, errors = {}, retryAfter }: AppError): string {
  const fields = Object.entries(errors).map(
    ([field, told]) => `- ${field.replace(/^arguments\.?/, '') || 'arguments'}: ${told.join(' ')}`,
  );
  const told = fields.length ? 'The arguments are not what this tool takes:' : message;
  return [told, ...fields, retryAfter && `Try again${inSeconds(Math.ceil(retryAfter))}.`].filter(Boolean).join('\n');
}

const inSeconds = (seconds?: number) => (seconds === undefined ? '' : `, in ${seconds} s`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
