import { ConfigError, readConfig } from '../config.ts';
import type { Hub } from '../context.ts';
import type { Connection } from '../db/connection.ts';
import { createLog } from '../lib/log.ts';
import { createOutbound } from '../lib/outbound/outbound.ts';

/** What a command that works beside the hub needs. */
export interface CommandHub {
  hub: Hub;
  /** The database owner's login. */
  admin: Connection;
  /** What the hub works as. */
  login: Connection;
}

/**
 * Runs the work on the hub's database, and leaves a server that others use up.
 * @throws ConfigError, StartError or VaultError with a sentence for the operator
 */
export async function withHub<T>(work: (opened: CommandHub) => Promise<T>): Promise<T> {
  const config = readConfig();
  const log = createLog('warn');
  const [{ startDatabase }, { createVault }, { readKeyring }, { checkKeyring }] = await Promise.all([
    import('../db/start.ts'),
    import('../vault/vault.ts'),
    import('../vault/keyring.ts'),
    import('../services/secrets/keyring.ts'),
  ]);
  const { db, admin, login, stop } = await startDatabase(config, log);
  const outbound = createOutbound(config.outbound);
  try {
    const vault = createVault(readKeyring(config));
    await checkKeyring(db, vault);
    return await work({ hub: { config, db, vault, drivers: new Map(), outbound, log }, admin, login });
  } finally {
    await outbound.close();
    await stop();
  }
}

/** What an operator can mend; everything else is a defect of ours and shows its stack. */
const expected = new Set(['ConfigError', 'StartError', 'AppError', 'VaultError', 'DriverError', 'FileProblems']);

/** Runs a command to its exit code: 0 done, 1 could not, 2 wrong input; a command may have further ones. */
export async function runCommand(main: () => Promise<number>, codes = { wrongInput: 2 }): Promise<void> {
  process.exitCode = await main().catch((error: Error & { code?: string }) => {
    const wrongInput = error instanceof ConfigError || error.code?.startsWith('ERR_PARSE_ARGS');
    console.error(wrongInput || expected.has(error.name) ? error.message : error);
    return wrongInput ? codes.wrongInput : 1;
  });
}

/** Says what is wrong with the input; exit code 2. */
export function refuse(message: string): number {
  console.error(message);
  return 2;
}
