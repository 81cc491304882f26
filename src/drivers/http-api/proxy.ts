import { ServiceError, type ServiceProxy, type Values } from '../driver.ts';

/** What a request carries to prove the account, by the method of the connector. */
function credential(auth: Values): { headers?: Record<string, string>; query?: Record<string, string> } {
  switch (auth.method) {
    case 'none':
      return {};
    case 'basic':
      return { headers: { authorization: `Basic ${base64(`${auth.username}:${auth.password}`)}` } };
    case 'api_key':
      return keyOf(auth);
    default:
      if (!auth.access_token)
        throw new ServiceError('credential', 'No access token has been granted yet. Check the client in the settings.');
      return { headers: { authorization: `Bearer ${auth.access_token}` } };
  }
}

function keyOf({ api_key, placement = 'header', name = 'Authorization', prefix }: Values) {
  const value = prefix ? `${prefix} ${api_key}` : String(api_key);
  return placement === 'query' ? { query: { [String(name)]: value } } : { headers: { [String(name)]: value } };
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

const parameters = (query: unknown): [string, string][] =>
  ((query ?? []) as { name: string; value: string }[]).map(({ name, value }) => [name, value]);

export const proxy: ServiceProxy = {
  base: (config) => String(config.base_url),
  credential,
  defaults: ({ headers, query }) => ({ headers: (headers ?? {}) as Record<string, string>, query: parameters(query) }),
};
