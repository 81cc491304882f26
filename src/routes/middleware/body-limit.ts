import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';
import { isPassedOn, ownPath } from './passed-on.ts';

const mebibyte = 1024 * 1024;

/** What is larger is refused anywhere, at once or as soon as that much has come; bytes. */
export const largestBody = 10 * mebibyte;

/**
 * Refuses bodies that are too large, by their declared length or, when they are chunked, as they arrive.
 * @param options.maxSize bytes
 * @param options.brought bytes of a tool's arguments, which may be rows
 * @param options.passedOn bytes of what goes on to a service, and of documents that others wrote
 * @throws AppError too_large
 */
export function limitBody({
  maxSize = mebibyte,
  brought = 4 * mebibyte,
  passedOn = largestBody,
} = {}): MiddlewareHandler<Env> {
  const [own, rows, others] = [limitTo(maxSize), limitTo(brought), limitTo(passedOn)];
  return function limitBody(c, next) {
    if (!bringsBody(c.req.raw)) return next();
    if (isPassedOn(c) || takesDocument(c)) return others(c, next);
    return (callsTool(c) ? rows : own)(c, next);
  };
}

/**
 * Whether there may be one: what only looks says so in a header (RFC 9112, section 6.3). To ask the request for its body would
 * make a whole Request of it, which costs more than the rest of this middleware together.
 */
export const bringsBody = ({ method, headers }: Request) =>
  (method !== 'GET' && method !== 'HEAD') || headers.has('content-length') || headers.has('transfer-encoding');

/** Where OpenAPI documents of others come in, and files to publish. */
const takesDocument = (c: Context) =>
  /^\/((api\/)?connectors\/[^/]+\/operations(\/preview)?|api\/publish)$/.test(ownPath(c));

const callsTool = (c: Context) => /^\/api\/tools\/[^/]+\/execute$/.test(ownPath(c));

function limitTo(maxSize: number): MiddlewareHandler<Env> {
  const onError = () => {
    throw new AppError('too_large', `The request is larger than ${size(maxSize)}. Send less at once.`);
  };
  const counting = bodyLimit({ maxSize, onError });
  return async function limitTo(c, next) {
    const declared = c.req.header('content-length');
    if (declared === undefined || c.req.header('transfer-encoding')) return counting(c, next);
    // What is declared needs no look at the body, which costs as much as reading it.
    return Number(declared) > maxSize ? onError() : next();
  };
}

const size = (bytes: number) => (bytes >= mebibyte ? `${bytes / mebibyte} MiB` : `${bytes} bytes`);
