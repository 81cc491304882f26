import { type ExecutionContext, requestJson, type Values } from '../driver.ts';

/** https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token; a token that somebody made by hand only they can end. */
export async function revoke(context: ExecutionContext, { client_id, client_secret }: Values): Promise<boolean> {
  if (context.auth.method !== 'oauth2' || !client_id || !client_secret) return false;
  const api = String(context.config.api_url ?? 'https://api.github.com').replace(/\/$/, '');
  const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
  await requestJson(context, `${api}/applications/${encodeURIComponent(String(client_id))}/token`, {
    method: 'DELETE',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: JSON.stringify({ access_token: context.auth.access_token }),
  });
  return true;
}
