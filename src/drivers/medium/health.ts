import { type Account, type ExecutionContext, type HealthReport, requestJson, ServiceError } from '../driver.ts';

/** What Medium says about a refusal. */
export const said = (body: unknown) => (body as { errors?: { message?: string }[] } | undefined)?.errors?.[0]?.message;

/** https://github.com/Medium/medium-api-docs#31-users */
export async function me(context: ExecutionContext): Promise<{ id: string; username: string }> {
  const headers = { authorization: `Bearer ${context.auth.access_token}` };
  const body = await requestJson(context, 'https://api.medium.com/v1/me', { headers }, said);
  const { data } = (body ?? {}) as { data?: { id: string; username: string } };
  if (data?.id) return data;
  throw new ServiceError('service', 'Medium answered without saying who is connected. Try again later.');
}

export const checkHealth = async (context: ExecutionContext): Promise<HealthReport> => ({
  message: `Signed in as @${(await me(context)).username}.`,
});

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { id, username } = await me(context);
  return { externalId: id, label: `@${username}` };
}
