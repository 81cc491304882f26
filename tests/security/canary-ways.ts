import { randomUUID } from 'node:crypto';
import type { CanaryHub } from './canary-hub.ts';

/** A way by which something secret comes into the hub: what is sent by it is looked for everywhere afterwards. */
export interface Way {
  name: string;
  go(at: CanaryHub, round: number): Promise<unknown>;
}

/** Something that is no secret, to be found where secrets are looked for. */
export const plain = `pl41n${randomUUID().replaceAll('-', '')}`;

export const basic = (at: CanaryHub) => ({ method: 'basic', username: 'reader', password: at.book.text() });
export const githubToken = (at: CanaryHub) => `ghp_${at.book.word().padEnd(36, '0')}`;
export const hex = (at: CanaryHub) => at.book.word().padEnd(40, 'f');
export const pem = (kind: string, body: string) => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;

/** An installed connector, which is switched on unless somebody has to authorise it first, and its connection. */
export async function install(
  at: CanaryHub,
  catalog_key: string,
  auth: object,
  config: object = { base_url: at.service.url },
) {
  const body = { catalog_key, name: `${plain} ${randomUUID()}`, config, auth };
  const { id, tenant_id } = (await at.ask('POST', '/api/connectors', { body, wants: 201 })).json;
  await at.ask('PATCH', `/api/connectors/${id}/status`, { body: { status: 'active' } });
  const list = `/api/organizations/${tenant_id}/connections?connector_id=${id}`;
  const { data } = (await at.ask('GET', list, { wants: 200 })).json;
  return { id: id as string, connection: data[0]?.id as string, body };
}

/** What a connector keeps open for its next call goes when it is switched off. */
export const switchOff = (at: CanaryHub, id: string) =>
  at.ask('PATCH', `/api/connectors/${id}/status`, { body: { status: 'inactive' }, wants: 200 });

/** While services refuse what they are sent, and say it back. */
export async function refused<T>(at: CanaryHub, work: () => Promise<T>): Promise<T> {
  at.service.accepts = false;
  try {
    return await work();
  } finally {
    at.service.accepts = true;
  }
}

export const keyIn = (at: CanaryHub, placement: string) => ({
  method: 'api_key',
  api_key: at.book.text(),
  placement,
  name: 'X-Key',
});
export const call = (at: CanaryHub, id: string, more: object = {}, headers: Record<string, string> = {}) =>
  at.ask('POST', '/api/tools/http-api.request/execute', {
    ...{ body: { connector_id: id, arguments: { method: 'GET', path: '/x', ...more } }, headers },
  });

/** As the form of an HTTP API sends it. */
export const httpForm = (at: CanaryHub, more: object = {}): Record<string, string> => ({
  ...{
    catalog_key: 'http-api',
    name: `${plain} ${randomUUID()}`,
    'config.base_url': at.service.url,
    'auth.method': 'basic',
  },
  ...{ 'auth.~2.username': 'reader', 'auth.~2.password': at.book.text(), ...more },
});

let keys = 0;
/** A key of the hub’s, which one answer tells. */
export async function keyOf(at: CanaryHub, scopes: string[], more: object = {}): Promise<string> {
  keys += 1;
  const body = { name: `Key ${keys}`, role: 'member', scopes, ...more };
  const made = await at.ask('POST', '/api/api-keys', { body, wants: 201 });
  at.book.tell(made.json.key, made.place);
  return made.json.key;
}
