import { readConfig } from '../../../src/config.ts';
import type { Hub } from '../../../src/context.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createOutbound } from '../../../src/lib/outbound/outbound.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys } from '../../support/app.ts';
import { ask, driversOf } from './refresh-stage.ts';

// A replica as a process of its own: at each SIGUSR2 it makes all of its calls for the next few ids at once, and prints how they went.
const { database, env, tenantId, ids, few, replicas, calls, clockOffsetS } = JSON.parse(process.argv[2] as string);
const clock = Date.now;
Date.now = () => clock() + clockOffsetS * 1000;

const config = readConfig({ BASE_URL: 'http://hub.localhost', MASTER_KEYS: masterKeys, ...env });
const hub: Hub = {
  config,
  db: openDatabase({ connection: database }),
  vault: createVault(readKeyring(config)),
  drivers: new Map(driversOf().map((driver) => [driver.entry.key, driver])),
  outbound: createOutbound(config.outbound),
  log: createLog('silent'),
};
// What a process shares among its calls hangs on its hub: each of these is a replica of its own for that.
const hubs: Hub[] = Array.from({ length: replicas }, () => ({ ...hub }));

let turn = 0;
process.on('SIGUSR2', async () => {
  const from = (turn++ * few) % ids.length;
  const next = (ids as string[]).slice(from, from + few);
  const told = hubs.flatMap((each) =>
    next.flatMap((id) => Array.from({ length: calls }, () => ask(each, tenantId, id))),
  );
  const outcomes = await Promise.allSettled(told);
  const failed = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
  console.log(JSON.stringify({ succeeded: outcomes.length - failed.length, failed: [...new Set(failed)] }));
});
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
console.log(JSON.stringify({ ready: true }));
