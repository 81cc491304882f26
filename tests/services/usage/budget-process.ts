import { v7 as uuidv7 } from 'uuid';
import { readConfig } from '../../../src/config.ts';
import type { Ctx, Hub } from '../../../src/context.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createOutbound } from '../../../src/lib/outbound/outbound.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys } from '../../support/app.ts';
import { budgetCall, used, withBudget } from './budget-call.ts';

// A replica as a process of its own: at each SIGUSR2 it makes all of its calls at once. They are with the provider until SIGUSR1 has them
// answered; then it prints how they went.
const { database, tenantId, connectorId, calls } = JSON.parse(process.argv[2] as string);
const hub: Hub = {
  config: readConfig({ BASE_URL: 'http://hub.localhost', MASTER_KEYS: masterKeys }),
  db: openDatabase({ connection: database }),
  vault: createVault(readKeyring(readConfig({ BASE_URL: 'http://hub.localhost', MASTER_KEYS: masterKeys }))),
  drivers: new Map(),
  outbound: createOutbound(readConfig({ BASE_URL: 'http://hub.localhost', MASTER_KEYS: masterKeys }).outbound),
  log: createLog('silent'),
};
const ctx: Ctx = {
  ...{ hub, tenantId, requestId: 'test', ip: null, log: hub.log },
  actor: { type: 'system', id: null, name: 'Replica', role: 'owner' },
};
const print = (value: object) => console.log(JSON.stringify(value));

let answer = () => {};
let answered = Promise.resolve();
process.on('SIGUSR2', async () => {
  answered = new Promise((resolve) => {
    answer = resolve;
  });
  let left = 0;
  let decided = 0;
  const one = async () => {
    const run = async () => {
      left += 1;
      note();
      await answered;
      return { value: null, seen: used };
    };
    return withBudget(ctx, budgetCall(uuidv7(), connectorId), run);
  };
  /** Prints as soon as each call has left or was refused. */
  const note = () => {
    decided += 1;
    if (decided === calls) print({ left });
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: calls }, () =>
      one().catch((error) => {
        note();
        throw error;
      }),
    ),
  );
  const codes = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason?.code)] : []));
  print({ succeeded: calls - codes.length, refused: codes.length, codes: [...new Set(codes)] });
});
process.on('SIGUSR1', () => answer());
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
print({ ready: true });
