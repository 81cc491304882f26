import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config.ts';
import { StartError } from '../db/start-error.ts';
import { createLog } from '../lib/log.ts';
import type { Finding, Level } from '../services/doctor/finding.ts';
import { runCommand } from './command.ts';

/** `make doctor [DEEP=1] [JSON=1]`, also while the hub runs; ends with 1 when something must be mended. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, deep: { type: 'boolean' } } });
  const findings = await examineHub(readConfig(), values.deep ?? false);
  console.log(values.json ? JSON.stringify(findings, null, 2) : findings.map(line).join('\n'));
  return findings.some(({ level }) => level === 'fail') ? 1 : 0;
}

async function examineHub(config: Config, deep: boolean): Promise<Finding[]> {
  if (!config.databaseUrl && !existsSync(path.join(config.dataDir, 'postgres')))
    throw new StartError(`There is no database in ${config.dataDir} yet. make run makes it.`);
  const [{ bringUpServer }, { createVault }, { readKeyring }, { examine }] = await Promise.all([
    import('../db/start.ts'),
    import('../vault/vault.ts'),
    import('../vault/keyring.ts'),
    import('../services/doctor/doctor.ts'),
  ]);
  const vault = createVault(readKeyring(config));
  const server = await bringUpServer(config, createLog('warn'));
  try {
    return await examine({ config, owner: server.owner, hub: server.hub, vault, deep });
  } finally {
    await server.stop();
  }
}

const words: Record<Level, string> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

const line = ({ check, level, message, next }: Finding) =>
  `${words[level]}  ${check}: ${message}${next ? ` ${next}` : ''}`;

await runCommand(main);
