import type { MasterKeyRotation } from '../services/secrets/master-keys.ts';
import { runCommand, withHub } from './command.ts';

/** `make rotate-master-key`, also while hubs run. */
const main = () =>
  withHub(async ({ hub, admin }) => {
    const { howToAddMasterKey, rotateMasterKey } = await import('../services/secrets/master-keys.ts');
    const { keySource } = hub.vault;
    const result = await rotateMasterKey(hub, admin, {
      tell: ({ done, total }) => console.log(`${done} of ${total} re-wrapped`),
    });
    console.log(describe(result, keySource, howToAddMasterKey(keySource)));
    for (const problem of result.stuck) console.error(problem);
    return result.stuck.length || result.uses.some(({ masterKeyId }) => masterKeyId !== result.newest) ? 1 : 0;
  });

function describe(result: MasterKeyRotation, source: string, howToAdd: string): string {
  const { newest, added, rewrapped, uses } = result;
  const others = uses.filter(({ masterKeyId }) => masterKeyId !== newest);
  return [
    added ? `Put the new key ${newest} in front of ${source}.` : `The newest key of ${source} is ${newest}.`,
    !added && !rewrapped && !others.length ? `Everything was under it already. ${howToAdd}` : '',
    ...others.map(
      ({ masterKeyId, dataKeys, hubSecrets }) =>
        `The key ${masterKeyId} is still needed by ${dataKeys} data keys and ${hubSecrets} secrets of the hub. Run this again.`,
    ),
    ...result.droppable.map(
      (id) =>
        `Nothing needs the key ${id} any more. Keep a copy with the backups from before today, then remove it from ${source}.`,
    ),
  ]
    .filter(Boolean)
    .join('\n');
}

await runCommand(main);
