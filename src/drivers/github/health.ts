import type { Account, ExecutionContext, HealthReport } from '../driver.ts';
import { ask } from './client.ts';

/** Tells whether the token is good, and in its headers what is left of the limit: https://docs.github.com/en/rest/users/users */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { data, headers } = await ask(context, 'GET /user');
  const { login } = data as { login: string };
  const left = `${count(headers['x-ratelimit-remaining'])} of ${count(headers['x-ratelimit-limit'])} calls left`;
  return { message: `Signed in as ${login}; ${left}.`, warnings: warningsIn(headers) };
}

const count = (value: unknown) =>
  Number.isFinite(Number(value)) ? Number(value).toLocaleString('en') : 'an unknown number';

/** A token that ends says so in a header: https://docs.github.com/en/rest/authentication */
function warningsIn(headers: Record<string, string | number | undefined>): string[] {
  const text = headers['github-authentication-token-expiration'];
  const ends = Date.parse(
    String(text ?? '')
      .replace(/ (UTC|[+-]\d{4})$/, (zone) => (zone === ' UTC' ? 'Z' : zone))
      .replace(' ', 'T'),
  );
  const days = Math.floor((ends - Date.now()) / 86_400_000);
  return Number.isFinite(days) && days < 14
    ? [`The token ends in ${Math.max(0, days)} days. Make a new one, and rotate it here.`]
    : [];
}

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { data, headers } = await ask(context, 'GET /user');
  const { id, login } = data as { id: number; login: string };
  const scopes = headers['x-oauth-scopes'];
  return {
    externalId: String(id),
    label: login,
    ...(typeof scopes === 'string' && { scopes: scopes.split(/,\s*/).filter(Boolean) }),
  };
}
