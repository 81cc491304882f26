import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';

const mebibyte = 1024 * 1024;

/**
 * Refuses bodies that are too large, by their declared length or, when they are chunked, as they arrive.
 * @param options.maxSize bytes
 * @throws AppError too_large
 */
export function limitBody({ maxSize = mebibyte } = {}): MiddlewareHandler<Env> {
  return bodyLimit({
    maxSize,
    onError() {
      throw new AppError('too_large', `The request is larger than ${size(maxSize)}. Send less at once.`);
    },
  });
}

const size = (bytes: number) => (bytes >= mebibyte ? `${bytes / mebibyte} MiB` : `${bytes} bytes`);
