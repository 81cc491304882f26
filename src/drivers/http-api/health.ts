import { type ExecutionContext, type HealthReport, ServiceError, serviceError } from '../driver.ts';
import { send } from './request.ts';

/** Asks for the base address: what it says does not matter, as long as it neither fails nor refuses the credential. */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const response = await send(context, { method: 'GET', path: '' });
  await response.body?.cancel();
  const { status } = response;
  if (status === 401 || status === 403 || status >= 500) throw serviceError(response);
  if (status < 400) return { message: `It answers with HTTP ${status}.` };
  if (status !== 404 && status !== 405)
    throw new ServiceError('service', `It answers with HTTP ${status}. Check the base URL.`, {
      status,
      field: 'config.base_url',
    });
  return {
    message: `It answers, with HTTP ${status} for the base URL.`,
    warnings: ['Nothing answers at the base URL itself, so whether the credential is accepted cannot be seen here.'],
  };
}
