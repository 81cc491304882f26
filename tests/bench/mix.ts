import type { Request } from './load.ts';
import { connectorNamed, firstOwner, jsonHeaders, type Stage } from './stage.ts';
import { unlessBusy } from './unless-busy.ts';

/** So many of each: what one may ask in a minute is limited. */
const callers = 40;

export interface Mix {
  /** The nth request: 60 % pages, 30 % lists and one of them as JSON, 10 % calls of a tool. */
  requestOf(index: number): Request;
  /** A call of a tool, through the hub. */
  toolCall(index: number): Request;
  /** What the tool sends, without the hub. */
  directCall(): Request;
}

const answered = '/answers';

/** People who look at pages, and programs that read lists and call a tool of a service that answers at once. */
export async function openMix(stage: Stage): Promise<Mix> {
  const { hub, models } = stage;
  const send = async (method: string, path: string, body: object, cookie = hub.cookie) => {
    await stage.forgetLimits();
    const answer = await unlessBusy(() =>
      fetch(hub.url + path, { method, headers: jsonHeaders(hub.url, cookie), body: JSON.stringify(body) }),
    );
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  const make = async (path: string, body: object) =>
    (await send('POST', path, body)).json() as Promise<{ id: string; key: string }>;
  const cookies: string[] = [];
  const keys: string[] = [];
  const scopes = ['catalog:read', 'connectors:read', 'tools:execute'];
  for (let index = 0; index < callers; index++) {
    const account = { email: firstOwner.ADMIN_EMAIL, password: firstOwner.ADMIN_PASSWORD };
    const { headers } = await send('POST', '/api/auth/sign-in/email', account, '');
    cookies.push(
      headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    );
    keys.push((await make('/api/api-keys', { name: `Program ${index}`, role: 'admin', scopes })).key);
  }
  const service = {
    catalog_key: 'http-api',
    name: 'Service',
    config: { base_url: models.url },
    auth: { method: 'none' },
  };
  const { id } = await make('/api/connectors', service);
  await send('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  const other = await make('/api/connectors', connectorNamed('Blog that is read'));

  const page = (index: number, path: string): Request => ({
    path,
    headers: { cookie: cookies[index % callers] ?? '' },
  });
  const bearer = (index: number) => ({ authorization: `Bearer ${keys[index % callers]}` });
  const list = (index: number, path: string): Request => ({ path, headers: bearer(index) });
  const call = JSON.stringify({ connector_id: id, arguments: { method: 'GET', path: answered } });
  const toolCall = (index: number): Request => ({
    ...{ method: 'POST', path: '/api/tools/http-api.request/execute', body: call },
    headers: { ...bearer(index), 'content-type': 'application/json' },
  });
  const kinds: ((index: number) => Request)[] = [
    (index) => page(index, '/catalog'),
    (index) => page(index, '/installed'),
    (index) => list(index, '/api/installed?limit=50'),
    (index) => page(index, '/catalog'),
    (index) => page(index, '/installed'),
    (index) => list(index, `/api/connectors/${other.id}`),
    (index) => page(index, '/catalog'),
    (index) => page(index, '/installed'),
    (index) => list(index, '/api/catalog'),
    toolCall,
  ];
  return {
    requestOf: (index) => (kinds[index % kinds.length] ?? toolCall)(Math.floor(index / kinds.length)),
    toolCall,
    directCall: () => ({ path: answered }),
  };
}
