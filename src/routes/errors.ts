import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { AppError } from '../errors.ts';
import type { Env } from './env.ts';

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Invalid input',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'The service failed',
  503: 'Not available',
};

/** Any thrown thing as an expected error; an unexpected one is logged whole and told as a request id only. */
export function asAppError(c: Context<Env>, error: unknown): AppError {
  if (error instanceof AppError) {
    if (error.status >= 500) c.get('log').warn({ err: error }, error.message);
    return error;
  }
  if (isCutOff(error)) return new AppError('malformed_request', 'The request did not come to its end.');
  if (error instanceof HTTPException && error.status < 500)
    return new AppError(
      error.status === 404 ? 'not_found' : 'malformed_request',
      error.message || 'The request could not be read.',
    );
  c.get('log').error({ err: error }, 'unexpected error');
  return new AppError(
    'internal',
    `Something went wrong on our side. Tell your operator the request id ${c.get('requestId')}.`,
    { cause: error },
  );
}

/** As Node tells whoever reads a body whose sender went away, or took too long; what services do has errors of its own. */
const isCutOff = (error: unknown) =>
  error instanceof Error && error.message === 'aborted' && (error as NodeJS.ErrnoException).code === 'ECONNRESET';

export const titleOf = (error: AppError): string => titles[error.status] ?? 'Error';

/** The error as application/problem+json (RFC 9457). */
export function problemFor(c: Context<Env>, thrown: unknown): Response {
  const error = asAppError(c, thrown);
  if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
  return c.body(problemOf(error, c.get('requestId')), error.status, { 'Content-Type': problemType });
}

export const problemType = 'application/problem+json; charset=utf-8';

export const problemOf = (error: AppError, requestId: string): string =>
  JSON.stringify({
    type: 'about:blank',
    title: titleOf(error),
    status: error.status,
    code: error.code,
    detail: error.message,
    request_id: requestId,
    ...error.extra,
    ...(error.errors && { errors: error.errors }),
  });
