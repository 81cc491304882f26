import * as scrypt from '@better-auth/utils/password';
import { turns } from './turns.ts';

/** One hash takes 32 MiB and a worker thread for about 100 ms; two of Node's four threads stay free for everything else. */
const inTurn = turns({
  atOnce: 2,
  mayWait: 60,
  message: 'Too many people are signing in at this moment. Try again in a few seconds.',
  retryAfter: 5,
});

/**
 * A scrypt hash with its own salt.
 * @throws AppError unavailable when too many wait already
 */
export const hashPassword = (password: string): Promise<string> => inTurn(() => scrypt.hashPassword(password));

/**
 * Whether the password belongs to the hash; takes as long as hashing.
 * @throws AppError unavailable when too many wait already
 */
export async function verifyPassword({ hash, password }: { hash: string; password: string }): Promise<boolean> {
  const matches = await inTurn(() => scrypt.verifyPassword(hash, password));
  return matches && !password.includes('\0'); // scrypt pads with zeros: it takes `x` and `x\0` for the same
}
