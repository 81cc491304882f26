import path from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readBackupPassphrase, readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import type { Restored } from '../services/backup/restore.ts';
import { runCommand } from './command.ts';

/** `make restore FILE=…`, before a hub is started on the new data directory or database; 3 when all is back and some secrets do not open. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { file: { type: 'string' } } });
  if (!values.file) throw new ConfigError('Usage: BACKUP_PASSPHRASE_FILE=… make restore FILE=patchbay.backup');
  const [config, passphrase, file] = [readConfig(), readBackupPassphrase(), path.resolve(values.file)];
  const [{ bringUpServer }, { checkBackup, restoreBackup }, { createVault }, { readKeyring }] = await Promise.all([
    import('../db/start.ts'),
    import('../services/backup/restore.ts'),
    import('../vault/vault.ts'),
    import('../vault/keyring.ts'),
  ]);
  const vault = createVault(readKeyring(config));
  const header = await checkBackup(file, passphrase, vault);
  console.log('The backup is whole, and the master keys fit.');
  const server = await bringUpServer(config, createLog('warn'));
  try {
    return report(await restoreBackup(server.owner, file, passphrase, { header, vault }), header.madeAt);
  } finally {
    await server.stop();
  }
}

function report({ manifest, secrets }: Restored, madeAt: string): number {
  for (const [table, { rows }] of Object.entries(manifest)) console.log(`${table}: ${rows}`);
  console.log(`Restored the backup of ${madeAt}. ${secrets.opened} secrets open. Everybody signs in again.`);
  if (!secrets.unreadable.length) return 0;
  const why = 'Either they did not before, or a master key here has the name of the right one and is another.';
  const what = `${secrets.unreadable.length} secrets do not open: ${secrets.unreadable.join('; ')}.`;
  console.error(`Everything is restored, but ${what} ${why} Put the right key there, or enter these secrets anew.`);
  return 3;
}

await runCommand(main);
