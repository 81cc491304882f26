import { getPath } from 'hono/utils/url';
import type { AppError } from '../errors.ts';
import { requestId } from '../lib/request-id.ts';
import { openaiErrorOf } from './api/gateway.ts';
import { oauthErrorOf } from './api/mcp-access.ts';
import { areaOf } from './areas.ts';
import { problemOf, problemType } from './errors.ts';
import { plainHeaders } from './middleware/security-headers.ts';
import { wantsPart } from './page.ts';
import { type PageTools, toastOf } from './render.ts';

/**
 * What whoever is refused gets, in the shape that errors have where they ask. People get one sentence: a page would take the time that is
 * missing. All headers are given at once and by themselves, so that the server sends them as they are.
 */
export function refusalFor(tools: Pick<PageTools, 'hub' | 'text'>): (request: Request, error: AppError) => Response {
  const { basePath, secure } = tools.hub.config;
  const common = plainHeaders({ secure });
  const ways = {
    api: (error: AppError, id: string) => [problemType, problemOf(error, id)],
    v1: (error: AppError) => ['application/json', JSON.stringify(openaiErrorOf(error))],
    oauth: (error: AppError) => ['application/json', JSON.stringify(oauthErrorOf(error))],
    part: (error: AppError) => ['text/html; charset=UTF-8', toastOf(tools, error)],
    page: (error: AppError) => ['text/plain; charset=UTF-8', `${error.message}\n`],
  };
  return (request, error) => {
    const id = requestId(request.headers.get('x-request-id') ?? undefined);
    const way = areaOf(getPath(request).slice(basePath.length)) ?? (wantsPart(request) ? 'part' : 'page');
    const [type = '', body = ''] = ways[way](error, id);
    const headers: Record<string, string> = {
      ...common,
      'content-type': type,
      'retry-after': String(error.retryAfter),
      'x-request-id': id,
    };
    if (way === 'part') headers['hx-reswap'] = 'none';
    return new Response(body, { status: error.status, headers });
  };
}
