import { parseArgs } from 'node:util';
import { ConfigError } from '../config.ts';
import type { DataKeyRotation } from '../services/secrets/data-keys.ts';
import { runCommand, withHub } from './command.ts';

/** `make rotate-data-keys [TENANT=…]`, also while hubs run; where none does, `--grace-seconds 0` need not wait for their calls. */
async function main() {
  const { values } = parseArgs({ options: { tenant: { type: 'string' }, 'grace-seconds': { type: 'string' } } });
  const graceMs = values['grace-seconds'] ? Number(values['grace-seconds']) * 1000 : undefined;
  if (graceMs !== undefined && !(graceMs >= 0)) throw new ConfigError('--grace-seconds is a number of seconds.');
  return withHub(async ({ hub, admin }) => {
    const { rotateDataKeys } = await import('../services/secrets/data-keys.ts');
    const rotations = await rotateDataKeys(hub, admin, {
      tenant: values.tenant || undefined,
      graceMs,
      tell: console.log,
    });
    console.log(describe(rotations));
    const kept = rotations.filter((each) => each.kept.length);
    for (const { tenant, kept: keys } of kept)
      console.error(
        `${tenant.name} (${tenant.id}) keeps ${keys.join(', ')}: secrets there do not open. Enter or clear them (their cards say which), then run this again.`,
      );
    return kept.length ? 1 : 0;
  });
}

function describe(rotations: DataKeyRotation[]): string {
  const sum = (count: (each: DataKeyRotation) => number) => rotations.reduce((total, each) => total + count(each), 0);
  return `${sum((each) => each.resealed)} secrets sealed anew, ${sum((each) => each.removed.length)} old data keys removed.`;
}

await runCommand(main);
