import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadDrivers } from '../drivers/index.ts';
import { refuse, runCommand } from './command.ts';

/** `make check-catalog DIR=…`: reads the files as a start would, without one. Exit codes: 0 fit to use, 1 not, 2 no folder given. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { dir: { type: 'string' } } });
  if (!values.dir) return refuse('Usage: make check-catalog DIR=catalog');
  const drivers = await loadDrivers(undefined, path.resolve(values.dir));
  const own = [...drivers.values()].filter(({ file }) => file);
  for (const { file, entry, tools = [] } of own)
    console.log(`${file}: ${entry.name} (${entry.key}), version ${entry.schemaVersion}, ${tools.length} tools.`);
  console.log(
    own.length ? `All entries are fit to use: ${own.length}.` : 'There is no *.yaml, *.yml or *.json in this folder.',
  );
  return 0;
}

await runCommand(main);
