import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '../config.ts';
import { refuse, runCommand } from './command.ts';
import { withConnectors } from './connector-files.ts';

const usage = 'Usage: make export TENANT=northwind [FILE=patchbay.yaml]';

/** `make export`, also while hubs run: to the terminal, or into a new file. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { tenant: { type: 'string' }, file: { type: 'string' } } });
  const { tenant, file } = values;
  if (!tenant) return refuse(usage);
  return withConnectors(async ({ hub }) => {
    const [{ exportConnectors }, { fileCtx }, { tenantNamed }, { schemaUrl }] = await Promise.all([
      import('../services/connector-files/file-export.ts'),
      import('../services/connector-files/file-apply.ts'),
      import('../services/connector-files/connector-file.ts'),
      import('../services/connector-files/file-schema.ts'),
    ]);
    const tenantId = await tenantNamed(hub, tenant);
    const text = await exportConnectors(fileCtx(hub, tenantId, 'export'), tenant, schemaUrl(hub.config.baseUrl));
    if (!file) process.stdout.write(text);
    else save(file, text);
    return 0;
  });
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      code === 'EEXIST' ? `${file} is there already. Name a new file.` : `${file} cannot be written (${code}).`,
    );
  }
  console.log(`Wrote ${file}. Its end lists the variables that the secrets are expected in.`);
}

await runCommand(main);
