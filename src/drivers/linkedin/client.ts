import { type ExecutionContext, messageOf, requestAnswer, ServiceError } from '../driver.ts';

export const origin = 'https://api.linkedin.com';
export const versionOf = ({ config }: Pick<ExecutionContext, 'config'>): string =>
  String(config.api_version ?? '202609');

export const bearer = ({ auth }: Pick<ExecutionContext, 'auth'>) => ({ authorization: `Bearer ${auth.access_token}` });

/** https://learn.microsoft.com/linkedin/marketing/versioning @throws ServiceError with what LinkedIn said */
export async function ask(context: ExecutionContext, method: string, route: string, body?: unknown) {
  const headers = {
    ...bearer(context),
    'linkedin-version': versionOf(context),
    'x-restli-protocol-version': '2.0.0',
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  return requestAnswer(context, `${origin}/rest/${route}`, init, messageOf).catch((error: unknown) => {
    throw error instanceof ServiceError ? explained(error, versionOf(context)) : error;
  });
}

function explained(error: ServiceError, version: string): ServiceError {
  const { status } = error;
  if (status === 426)
    return new ServiceError(
      'input',
      `LinkedIn has switched the API version ${version} off. Enter a newer one in the settings.`,
      { status, field: 'config.api_version', cause: error },
    );
  if (status === 422 && /duplicate/i.test(error.message))
    return new ServiceError(
      'conflict',
      `LinkedIn refuses a post that says the same as an earlier one. ${error.message}`,
      {
        status,
        serviceCode: 'duplicate',
        cause: error,
      },
    );
  return error;
}
