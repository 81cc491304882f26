import { type ExecutionContext, type Media, requestJson, type Values } from '../driver.ts';

const wordpressCom = 'https://public-api.wordpress.com';

/** Whether the site is reached through WordPress.com instead of at its own address. */
const throughWordpressCom = ({ auth }: Pick<ExecutionContext, 'auth'>): boolean =>
  auth.method === 'oauth2' || auth.issued_by === 'wordpress_com';

/** The address of a route of the REST API, such as `users/me`: https://developer.wordpress.org/rest-api/ */
function address({ config, auth }: ExecutionContext, route: string, query: Record<string, string>): string {
  const site = String(config.site_url).replace(/\/$/, '');
  const text = new URLSearchParams(query).toString();
  if (throughWordpressCom({ auth }))
    return `${wordpressCom}/wp/v2/sites/${encodeURIComponent(new URL(site).host)}/${route}?${text}`;
  return config.permalinks === 'plain'
    ? `${site}/?rest_route=/wp/v2/${route}&${text}`
    : `${site}/wp-json/wp/v2/${route}?${text}`;
}

const credentialOf = ({ auth }: ExecutionContext): string =>
  auth.method === 'basic'
    ? `Basic ${Buffer.from(`${auth.username}:${String(auth.password).trim()}`).toString('base64')}`
    : `Bearer ${auth.access_token}`;

/** @throws ServiceError with what the site said */
export async function ask(
  context: ExecutionContext,
  route: string,
  query: Record<string, string> = {},
): Promise<Values> {
  const headers = { authorization: credentialOf(context) };
  return (await requestJson(context, address(context, route, query), { headers })) as Values;
}

/** Makes or changes something. @throws ServiceError with what the site said */
export async function send(context: ExecutionContext, route: string, values: Values): Promise<Values> {
  const headers = { authorization: credentialOf(context), 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(values) };
  return (await requestJson(context, address(context, route, {}), init)) as Values;
}

/** Deletes; `force` passes by the trash. @throws ServiceError with what the site said */
export async function remove(context: ExecutionContext, route: string, force: boolean): Promise<Values> {
  const init = { method: 'DELETE', headers: { authorization: credentialOf(context) } };
  return (await requestJson(context, address(context, route, force ? { force: 'true' } : {}), init)) as Values;
}

/** Puts a file into the media library: https://developer.wordpress.org/rest-api/reference/media/ @throws ServiceError */
export async function upload(
  context: ExecutionContext,
  { name, type, data, alt }: Pick<Media, 'name' | 'type' | 'data' | 'alt'>,
): Promise<{ id: number; url: string }> {
  const headers = {
    authorization: credentialOf(context),
    'content-type': type,
    'content-disposition': `attachment; filename="${name.replace(/[^\w.-]+/g, '-')}"`,
  };
  const init = { method: 'POST', headers, body: data };
  const { id, source_url } = (await requestJson(context, address(context, 'media', {}), init)) as Values;
  if (alt) await send(context, `media/${id}`, { alt_text: alt });
  return { id: Number(id), url: String(source_url) };
}
