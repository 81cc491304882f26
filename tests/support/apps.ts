import { createHash, randomBytes } from 'node:crypto';
import { registerClient } from '../../src/services/mcp-access/clients.ts';
import { allowApp } from '../../src/services/mcp-access/consent.ts';
import type { Json, TestApp } from './app.ts';
import type { Person } from './cast.ts';

export const callback = 'http://127.0.0.1:33418/callback';

export const newVerifier = () => randomBytes(32).toString('base64url');
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** An app that this person let in, without a browser between; returns its id. */
export async function connectedApp(at: TestApp, person: Person, name = 'Scribe'): Promise<string> {
  const client = await registerClient(at.hub, { client_name: name, redirect_uris: [callback] });
  const request = { client, redirectUri: callback, challenge: challengeOf(newVerifier()), state: null };
  const chosen = { connectors: null, access: 'all', duration: '30' };
  await allowApp(at.ctx(person), { ...request, scopes: ['tools:read', 'tools:execute'] }, chosen);
  const [row] = await at.hub.db.asTenant(person.tenantId, (tx) =>
    tx.execute<{ id: string }>(`select id from api_keys where client_id = '${client.id}'`),
  );
  return row?.id ?? '';
}

/** One app and the browser of whoever it sends here, step by step, each of which can be bent. */
export function appDance(at: TestApp) {
  const { baseUrl, basePath } = at.hub.config;
  const form = async (path: string, fields: Record<string, string> | [string, string][], headers = {}) =>
    at.app.request(`${new URL(baseUrl).origin}${basePath}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  const dance = {
    form,
    register: (more: Json = {}) =>
      at.as(null, 'POST', '/oauth/register', { client_name: 'Scribe', redirect_uris: [callback], ...more }),
    async client(more: Json = {}): Promise<string> {
      return (await registerClient(at.hub, { client_name: 'Scribe', redirect_uris: [callback], ...more })).id;
    },
    /** What an app sends somebody here with. */
    query: (clientId: string, verifier: string, more: Record<string, string> = {}) =>
      new URLSearchParams({
        ...{ response_type: 'code', client_id: clientId, redirect_uri: callback, state: 'st-1' },
        ...{ code_challenge: challengeOf(verifier), code_challenge_method: 'S256', resource: `${baseUrl}/mcp` },
        ...more,
      }),
    ask: (person: Person | null, query: URLSearchParams) => at.as(person, 'GET', `/oauth/authorize?${query}`),
    answer: (person: Person | null, query: URLSearchParams, more: Record<string, string> = {}, headers = {}) =>
      at.post(
        person,
        '/oauth/authorize',
        {
          ...{ request: query.toString(), workspace: person?.tenantId ?? '', decision: 'allow' },
          ...{ access: 'all', reach: 'all', duration: '90', ...more },
        },
        headers,
      ),
    /** A code, where the browser is sent. */
    async code(person: Person, query: URLSearchParams, more: Record<string, string> = {}): Promise<string> {
      const response = await dance.answer(person, query, more);
      return new URL(response.headers.get('location') ?? 'none:').searchParams.get('code') ?? '';
    },
    redeem: (clientId: string, code: string, verifier: string, more: Record<string, string> = {}) =>
      form('/oauth/token', {
        ...{ grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier },
        ...{ redirect_uri: callback, ...more },
      }),
    refresh: (clientId: string, token: string, more: Record<string, string> = {}) =>
      form('/oauth/token', { grant_type: 'refresh_token', client_id: clientId, refresh_token: token, ...more }),
    /** All of it: an app with tokens. */
    async connected(person: Person, more: Record<string, string> = {}) {
      const [clientId, verifier] = [await dance.client(), newVerifier()];
      const code = await dance.code(person, dance.query(clientId, verifier), more);
      const tokens: Json = await (await dance.redeem(clientId, code, verifier)).json();
      return { clientId, verifier, code, ...tokens };
    },
    /** The status of a question for the tools, with this token. */
    async opens(token: string, path = '/mcp'): Promise<number> {
      const body = path === '/mcp' ? { jsonrpc: '2.0', id: 1, method: 'tools/list' } : undefined;
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' };
      return (await at.as(null, body ? 'POST' : 'GET', path, body, headers)).status;
    },
  };
  return dance;
}
