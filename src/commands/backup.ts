import path from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readBackupPassphrase, readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { runCommand } from './command.ts';

/** `make backup FILE=…`, also while hubs run. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { file: { type: 'string' } } });
  if (!values.file) throw new ConfigError('Usage: BACKUP_PASSPHRASE_FILE=… make backup FILE=patchbay.backup');
  const [config, passphrase] = [readConfig(), readBackupPassphrase()];
  const [{ bringUpServer }, { writeBackup }] = await Promise.all([
    import('../db/start.ts'),
    import('../services/backup/backup.ts'),
  ]);
  const server = await bringUpServer(config, createLog('warn'));
  try {
    const file = path.resolve(values.file);
    const { bytes, manifest } = await writeBackup(server.owner, file, passphrase);
    const tables = Object.values(manifest);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    console.log(`Wrote ${file} and read it again: ${rows} rows of ${tables.length} tables, ${bytes} bytes.`);
    console.log('The master keys are not in it: keep a copy of them somewhere else.');
    return 0;
  } finally {
    await server.stop();
  }
}

await runCommand(main);
