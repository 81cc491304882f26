import { type Account, type ExecutionContext, type HealthReport, requestJson, ServiceError } from '../driver.ts';

const origin = 'https://api.linkedin.com';

/** https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2 */
async function me(context: ExecutionContext): Promise<{ sub: string; name?: string }> {
  const body = await requestJson(context, `${origin}/v2/userinfo`, { headers: bearer(context) });
  const info = (body ?? {}) as { sub?: string; name?: string };
  if (info.sub) return { sub: info.sub, name: info.name };
  throw new ServiceError('service', 'LinkedIn answered without saying who is connected. Try again later.');
}

const bearer = ({ auth }: ExecutionContext) => ({ authorization: `Bearer ${auth.access_token}` });

export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { name, sub } = await me(context);
  const version = String(context.config.api_version ?? '202609');
  await checkVersion(context, version, sub);
  return { message: `Signed in as ${name ?? sub}.`, warnings: endsSoon(version) };
}

/**
 * Each version ends about a year after its month, and LinkedIn says so with 426: every post would fail then.
 * https://learn.microsoft.com/linkedin/marketing/versioning
 */
async function checkVersion(context: ExecutionContext, version: string, sub: string): Promise<void> {
  const author = encodeURIComponent(`urn:li:person:${sub}`);
  const headers = { ...bearer(context), 'linkedin-version': version, 'x-restli-protocol-version': '2.0.0' };
  const url = `${origin}/rest/posts?q=author&author=${author}&count=1`;
  await requestJson(context, url, { headers }).catch((error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    if (error.status === 426)
      throw new ServiceError(
        'input',
        `LinkedIn has switched the API version ${version} off. Enter a newer one in the settings.`,
        {
          status: 426,
          field: 'config.api_version',
        },
      );
    // Reading posts needs an approval that most apps lack; what is asked here is the version alone.
    if (!['permission', 'input', 'not_found'].includes(error.fault)) throw error;
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
