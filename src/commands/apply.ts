import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { refuse, runCommand } from './command.ts';
import { fileFlags, withFile } from './connector-files.ts';

const usage = 'Usage: make apply FILE=patchbay.yaml [TENANT=…] [PRUNE=1]';

/** `make apply`, also while hubs run; on a terminal it asks before anything is changed. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: fileFlags });
  if (!values.file) return refuse(usage);
  return withFile(values, async ({ ctx, file, options, seed }) => {
    const [{ applyFile }, { tell }] = await Promise.all([
      import('../services/connector-files/file-apply.ts'),
      import('./plan-text.ts'),
    ]);
    await seed();
    const { baseUrl } = ctx.hub.config;
    if (process.stdin.isTTY && process.stdout.isTTY) {
      const { text, count } = tell(await applyFile(ctx, file, { ...options, rehearse: true }), baseUrl);
      console.log(text);
      if (count && !(await agrees())) {
        console.log('Nothing was changed.');
        return 1;
      }
    }
    const { text, count } = tell(await applyFile(ctx, file, options), baseUrl);
    console.log(text);
    console.log(count ? 'Done.' : 'Nothing to change.');
    return 0;
  });
}

async function agrees(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Apply this? yes or no: ')).trim());
  } finally {
    terminal.close();
  }
}

await runCommand(main);
