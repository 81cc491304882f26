import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import { insertHubSecret } from '../../db/queries/hub-secrets.ts';
import { selectUserByEmail } from '../../db/queries/identity.ts';
import {
  confirmSecondFactor,
  deleteFactorSecret,
  deleteSecondFactor,
  replaceRecoveryCodes,
  selectSecondFactor,
  startSecondFactor,
} from '../../db/queries/second-factors.ts';
import { AppError, invalid } from '../../errors.ts';
import { newTotpSecret, totpStep, totpUri } from '../../lib/totp.ts';
import { recordAccountEvent } from '../brokers/account-history.ts';
import { limitGuesses } from '../connectors/guesses.ts';
import { type Here, requirePassword, self } from './account.ts';
import { cleaned } from './person-input.ts';
import { isAppCode, openSecret, recoveryHash, requireCode } from './second-factor-check.ts';

/** Where a person's second factor stands. */
export type SecondFactor =
  | { state: 'off' }
  /** Set up, and waiting for the first code. */
  | { state: 'unconfirmed'; secret: string; uri: string }
  | { state: 'on'; since: Date; recoveryCodesLeft: number };

export interface Proof {
  current_password: unknown;
  code: unknown;
}

/** The second factor of the person who asks; its secret only until it is confirmed. */
export async function showSecondFactor(ctx: Ctx, email: string): Promise<SecondFactor> {
  const { hub, userId } = self(ctx);
  const row = await selectSecondFactor(hub.db.system, userId);
  if (!row) return { state: 'off' };
  if (row.confirmedAt) return { state: 'on', since: row.confirmedAt, recoveryCodesLeft: row.recoveryCodes.length };
  const secret = await openSecret(hub, row.secretName);
  return { state: 'unconfirmed', secret, uri: await totpUri(secret, email) };
}

/**
 * Makes a new secret for the person who asks; it counts once the first code is right.
 * @throws AppError conflict when there is a second factor already
 */
export async function startSecondFactorSetup(ctx: Ctx): Promise<void> {
  const { hub, userId } = self(ctx);
  const name = `totp:${uuidv7()}`;
  const sealed = hub.vault.sealForHub(name, await newTotpSecret());
  await hub.db.system.transaction(async (tx) => {
    const before = await selectSecondFactor(tx, userId);
    if (!(await startSecondFactor(tx, userId, name)))
      throw new AppError('conflict', 'You have a second factor already. Remove it before you set up another one.');
    if (before) await deleteFactorSecret(tx, before.secretName);
    await insertHubSecret(tx, { name, ...sealed });
  });
}

/**
 * Turns the second factor on, with the password and the first code of the app.
 * @returns ten recovery codes, which nobody is ever shown again
 * @throws AppError invalid_input for `current_password` and `code`, rate_limited, conflict
 */
export async function confirmSecondFactorSetup(ctx: Ctx, here: Here, proof: Proof): Promise<{ codes: string[] }> {
  const { hub, userId } = self(ctx);
  const row = await selectSecondFactor(hub.db.system, userId);
  if (!row || row.confirmedAt) throw nothingToConfirm();
  await requirePassword(ctx, text(proof.current_password));
  const limits = [{ key: `second-factor:${userId}`, rate: 10, per: 900 }];
  const lastStep = await limitGuesses(hub, limits, 'enter the code', async () => {
    const step = await totpStep(await openSecret(hub, row.secretName), text(proof.code).replace(/\s/g, ''));
    if (step === null) throw wrong('This code is wrong. Check that the clock of your phone is right.');
    return step;
  });
  const codes = newRecoveryCodes();
  await hub.db.system.transaction(async (tx) => {
    const recoveryCodes = codes.map(recoveryHash);
    if (!(await confirmSecondFactor(tx, row, { lastStep, recoveryCodes }))) throw nothingToConfirm();
    await recordAccountEvent(tx, userId, 'second_factor_added', here);
  });
  return { codes };
}

/**
 * Makes new recovery codes, with the password and a code of the app; those from before stop working.
 * @returns ten recovery codes, which nobody is ever shown again
 * @throws AppError invalid_input for `current_password` and `code`, rate_limited, conflict without a second factor
 */
export async function renewRecoveryCodes(ctx: Ctx, here: Here, proof: Proof): Promise<{ codes: string[] }> {
  const { hub, userId } = self(ctx);
  const row = await selectSecondFactor(hub.db.system, userId);
  if (!row?.confirmedAt) throw noFactor();
  await requirePassword(ctx, text(proof.current_password));
  if (!isAppCode(text(proof.code))) throw wrong('Enter the six digits that the app shows now.');
  await requireOwnCode(hub, userId, text(proof.code), here);
  const codes = newRecoveryCodes();
  await hub.db.system.transaction(async (tx) => {
    if (!(await replaceRecoveryCodes(tx, row, codes.map(recoveryHash)))) throw noFactor();
    await recordAccountEvent(tx, userId, 'recovery_codes_renewed', here);
  });
  return { codes };
}

/**
 * Turns the second factor off, with the password and a code.
 * @throws AppError invalid_input for `current_password` and `code`, rate_limited
 */
export async function removeSecondFactor(ctx: Ctx, here: Here, proof: Proof): Promise<void> {
  const { hub, userId } = self(ctx);
  await requirePassword(ctx, text(proof.current_password));
  await requireOwnCode(hub, userId, text(proof.code), here);
  await hub.db.system.transaction(async (tx) => {
    if (await deleteSecondFactor(tx, userId)) await recordAccountEvent(tx, userId, 'second_factor_removed', here);
  });
}

/**
 * The operator's way for somebody who lost phone and recovery codes; says whether there was a second factor.
 * @throws AppError not_found when nobody has this address
 */
export async function removeSecondFactorOf(hub: Hub, email: string): Promise<boolean> {
  const address = cleaned(email).toLowerCase();
  return hub.db.system.transaction(async (tx) => {
    const person = await selectUserByEmail(tx, address);
    if (!person) throw new AppError('not_found', `Nobody on this hub has the e-mail address ${address}.`);
    const removed = await deleteSecondFactor(tx, person.id);
    const operator = { ip: null, userAgent: null };
    if (removed) await recordAccountEvent(tx, person.id, 'second_factor_removed', operator);
    return removed;
  });
}

/** `requireCode` of somebody who is signed in: a wrong code is a mistake in a form and ends no session. */
const requireOwnCode: typeof requireCode = (...given) =>
  requireCode(...given).catch((error) => {
    throw error instanceof AppError && error.errors ? invalid(error.errors) : error;
  });

const newRecoveryCodes = () => Array.from({ length: 10 }, recoveryCode);
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** 80 bits, without the letters that look like digits. */
function recoveryCode(): string {
  const text = Array.from(randomBytes(16), (byte) => letters[byte % letters.length]).join('');
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const wrong = (message: string) => invalid({ code: [message] });
const noFactor = () => new AppError('conflict', 'You have no second factor, so it needs no recovery codes.');
const nothingToConfirm = () =>
  new AppError('conflict', 'There is no second factor to confirm. Start setting it up again.');
