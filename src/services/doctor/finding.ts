import type { Config } from '../../config.ts';
import type { Connection } from '../../db/connection.ts';
import type { Vault } from '../../vault/vault.ts';

export type Level = 'ok' | 'warn' | 'fail';

/** What one check found; never holds a secret. */
export interface Finding {
  check: string;
  level: Level;
  message: string;
  /** What to do about it. */
  next?: string;
}

/** What is examined. Nothing is changed in it. */
export interface Patient {
  config: Config;
  owner: Connection;
  hub: Connection;
  vault: Vault;
  /** Whether to open every secret as well. */
  deep: boolean;
}

export type Check = (patient: Patient) => Promise<Finding[]> | Finding[];

const finding =
  (level: Level) =>
  (check: string, message: string, next?: string): Finding => ({ check, level, message, ...(next && { next }) });

export const ok = finding('ok');
export const warn = finding('warn');
export const fail = finding('fail');
