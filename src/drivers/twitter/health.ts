import { type Account, type ExecutionContext, type HealthReport, requestJson, ServiceError } from '../driver.ts';

/** https://docs.x.com/x-api/users/get-my-user */
export async function me(context: ExecutionContext): Promise<{ id: string; username: string }> {
  const headers = { authorization: `Bearer ${context.auth.access_token}` };
  const body = await requestJson(context, 'https://api.x.com/2/users/me', { headers });
  const { data } = (body ?? {}) as { data?: { id: string; username: string } };
  if (data?.id) return data;
  throw new ServiceError('service', 'X answered without saying who is connected. Try again later.');
}

export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { username } = await me(context);
  const wanted = String(context.config.username ?? '').replace(/^@/, '');
  const other = wanted && wanted.toLowerCase() !== username.toLowerCase();
  return {
    message: `Signed in as @${username}.`,
    warnings: other ? [`The settings name @${wanted}, but @${username} is connected.`] : [],
  };
}

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { id, username } = await me(context);
  return { externalId: id, label: `@${username}` };
}
