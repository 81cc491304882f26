import { type Account, type ExecutionContext, type HealthReport, requestJson, ServiceError } from '../driver.ts';
import { ask, bearer, origin, versionOf } from './client.ts';

/** https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2 */
export async function me(context: ExecutionContext): Promise<{ sub: string; name?: string }> {
  const body = await requestJson(context, `${origin}/v2/userinfo`, { headers: bearer(context) });
  const info = (body ?? {}) as { sub?: string; name?: string };
  if (info.sub) return { sub: info.sub, name: info.name };
  throw new ServiceError('service', 'LinkedIn answered without saying who is connected. Try again later.');
}

export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { name, sub } = await me(context);
  const version = versionOf(context);
  await checkVersion(context, sub);
  return { message: `Signed in as ${name ?? sub}.`, warnings: endsSoon(version) };
}

/**
 * Each version ends about a year after its month, and LinkedIn says so with 426: every post would fail then.
 * https://learn.microsoft.com/linkedin/marketing/versioning
 */
async function checkVersion(context: ExecutionContext, sub: string): Promise<void> {
  const author = encodeURIComponent(`urn:li:person:${sub}`);
  await ask(context, 'GET', `posts?q=author&author=${author}&count=1`).catch((error: unknown) => {
    // Reading posts needs an approval that most apps lack; what is asked here is the version alone.
    const unasked = error instanceof ServiceError && ['permission', 'input', 'not_found'].includes(error.fault);
    if (!unasked || error.status === 426) throw error;
  });
}

const monthsUsable = 12;

function endsSoon(version: string, now = new Date()): string[] {
  const age =
    (now.getUTCFullYear() - Number(version.slice(0, 4))) * 12 + now.getUTCMonth() + 1 - Number(version.slice(4));
  return age >= monthsUsable - 2
    ? [`LinkedIn switches the API version ${version} off about a year after its month. Enter a newer one.`]
    : [];
}

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { sub, name } = await me(context);
  return { externalId: sub, label: name ?? sub };
}
