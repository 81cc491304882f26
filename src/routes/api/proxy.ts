import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import { type PlainAnswer, passOn } from '../../services/calls/proxy.ts';
import type { Env } from '../env.ts';
import { ctxOf } from '../middleware/session.ts';
import { Uuid } from './components.ts';
import { operation } from './operation.ts';

const methods = ['get', 'post', 'put', 'patch', 'delete', 'options'] as const;

const passing = (method: (typeof methods)[number]) =>
  operation(
    {
      method,
      path: '/api/proxy/:id/*',
      id: `proxy${method.charAt(0).toUpperCase()}${method.slice(1)}`,
      summary: `Send a ${method.toUpperCase()} request as a connected account`,
      description:
        'Adds the credential to a plain request below the connection’s own address, so that a program that speaks the service’s protocol needs no secret: its base URL is this path. The caller’s own credentials never go along. Redirects are not followed: within the address `Location` leads back here, elsewhere it is told as `Upstream-Location`.',
      tag: 'Connections',
      role: 'member',
      scope: 'proxy:execute',
      audit: null,
      input: {
        params: Type.Object({
          id: Uuid('Of the connection.'),
          path: Type.String({ description: 'Below the service’s address, e.g. repos/octocat/hello-world.' }),
        }),
      },
      status: 'service',
      response: null,
      example: { params: { path: 'user' } },
    },
    (_ctx, _input, c) => pass(c) as never,
  );

/** Any request below a connection, method by method; HEAD comes with GET. */
export const proxyOperations = methods.map(passing);

/** As it was sent: anything that understands the address might see another path in it. */
const parts = /^\w+:\/\/[^/?#]*([^?#]*?\/api\/proxy\/([^/?#]*))([^?#]*)(\?[^#]*)?/;

async function pass(c: Context<Env>): Promise<Response> {
  const site = c.req.header('sec-fetch-site');
  if (site && !['same-origin', 'none'].includes(site))
    throw new AppError('forbidden', 'A page of another site cannot send requests as a connected account.');
  const [, own = '', id = '', path = '', query = ''] = parts.exec(c.req.url) ?? [];
  const { method, headers, signal } = c.req.raw;
  const body = method === 'GET' || method === 'HEAD' ? null : await c.req.arrayBuffer();
  const request = { method, path, query, headers, body };
  const answer = await passOn(ctxOf(c), id, request, signal);
  c.set('foreign', true);
  return answered(answer, own);
}

function answered({ executionId, status, headers, body, location }: PlainAnswer, own: string): Response {
  headers.set('patchbay-execution', executionId);
  if (location && 'below' in location) headers.set('location', own + location.below);
  if (location && 'elsewhere' in location) headers.set('upstream-location', location.elsewhere);
  return new Response([204, 205, 304].includes(status) ? null : body, { status, headers });
}
