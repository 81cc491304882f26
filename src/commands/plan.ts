import { parseArgs } from 'node:util';
import { ConfigError } from '../config.ts';
import { runCommand } from './command.ts';
import { fileFlags, withFile } from './connector-files.ts';

const usage = 'Usage: make plan FILE=patchbay.yaml [TENANT=…] [PRUNE=1]';

/** `make plan`, also while hubs run. Exit codes: 0 nothing to change, 2 something, 1 could not. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: fileFlags });
  if (!values.file) throw new ConfigError(usage);
  return withFile(values, async ({ ctx, file, options }) => {
    const [{ applyFile }, { tell }] = await Promise.all([
      import('../services/connector-files/file-apply.ts'),
      import('./plan-text.ts'),
    ]);
    const plan = await applyFile(ctx, file, { ...options, rehearse: true });
    const { text, count } = tell(plan, ctx.hub.config.baseUrl);
    console.log(text);
    console.log(count ? 'make apply does this.' : 'Nothing to change.');
    return count ? 2 : 0;
  });
}

await runCommand(main, { wrongInput: 1 });
