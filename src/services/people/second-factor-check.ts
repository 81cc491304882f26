import { createHash } from 'node:crypto';
import type { Hub } from '../../context.ts';
import { findHubSecret } from '../../db/queries/hub-secrets.ts';
import { claimRecoveryCode, claimStep, selectSecondFactor } from '../../db/queries/second-factors.ts';
import { AppError } from '../../errors.ts';
import { totpStep } from '../../lib/totp.ts';
import { type Caller, recordAccountEvent } from '../brokers/account-history.ts';
import { limitGuesses } from '../connectors/guesses.ts';

type Parts = Pick<Hub, 'db' | 'vault' | 'log'>;

/** The password was right, and the code of the second factor is asked for. */
export class SecondFactorRequired extends AppError {
  readonly userId: string;

  constructor(userId: string) {
    super(
      'second_factor_required',
      'This account asks for a second factor. Send the code of the authenticator app, or a recovery code, as totp.',
    );
    this.userId = userId;
  }
}

/**
 * Checks a code of a person's second factor, or a recovery code. Each is taken once.
 * @throws AppError wrong_code, rate_limited
 */
export async function requireCode(parts: Parts, userId: string, code: string, caller: Caller): Promise<void> {
  const limits = [{ key: `second-factor:${userId}`, rate: 10, per: 900 }];
  await limitGuesses(parts, limits, 'enter the code', async () => {
    if (await isRight(parts, userId, code, caller)) return;
    await recordAccountEvent(parts.db.system, userId, 'wrong_code', caller);
    throw wrongCode();
  });
}

/** The secret in base32. @throws VaultError when the master keys do not open it */
export async function openSecret({ db, vault }: Parts, secretName: string): Promise<string> {
  const sealed = await findHubSecret(db.system, secretName);
  if (!sealed) throw new AppError('conflict', 'The second factor was set up anew in the meantime. Reload the page.');
  return vault.openForHub(secretName, sealed);
}

/** How a recovery code is kept. */
export const recoveryHash = (code: string): string => createHash('sha256').update(bare(code)).digest('base64url');

/** Whether it looks like a code of the app, and not like a recovery code. */
export const isAppCode = (code: string): boolean => /^\d{6}$/.test(bare(code));

const wrongCode = () =>
  new AppError('not_signed_in', 'This code is wrong, or was used already. Wait for the next one and try again.', {
    errors: { code: ['This code is wrong, or was used already. Wait for the next one and try again.'] },
  });

async function isRight(parts: Parts, userId: string, code: string, caller: Caller): Promise<boolean> {
  const { db } = parts;
  const factor = await selectSecondFactor(db.system, userId);
  if (!factor?.confirmedAt) return false;
  if (isAppCode(code)) {
    const step = await totpStep(await openSecret(parts, factor.secretName), bare(code));
    return step !== null && claimStep(db.system, userId, step);
  }
  if (!(await claimRecoveryCode(db.system, userId, recoveryHash(code)))) return false;
  await recordAccountEvent(db.system, userId, 'recovery_code_used', caller);
  return true;
}

/** As people type codes: spaces, dashes and the case do not matter. */
const bare = (code: string) => code.replace(/[\s-]/g, '').toUpperCase();
