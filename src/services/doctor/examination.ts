import { drizzle } from 'drizzle-orm/postgres-js';
import { withConnection } from '../../db/connection.ts';
import { findLastOperatorEvent, type OperatorEventRow } from '../../db/queries/operators.ts';
import { openEverything } from '../secrets/secret-check.ts';
import { type OperatorCtx, recordOperatorEvent } from '../tenants/operator-trail.ts';
import type { Upkeep } from '../upkeep.ts';
import { examine } from './doctor.ts';
import type { Finding } from './finding.ts';
import { secretsFinding } from './keys.ts';

/** What `make doctor` looks at, without opening secrets. */
export const examineHub = ({ hub }: OperatorCtx, { owner, login }: Upkeep): Promise<Finding[]> =>
  examine({ config: hub.config, vault: hub.vault, owner, hub: login, deep: false });

export interface SecretsChecked {
  finding: Finding;
  event: OperatorEventRow;
}

const action = 'hub.secrets_checked';
const maxNamed = 20;

/** Opens every secret of all tenants, and notes in the operators' trail who asked and what does not open. */
export async function checkAllSecrets(ctx: OperatorCtx, { owner }: Upkeep): Promise<Finding> {
  return withConnection(owner, (sql) =>
    drizzle(sql).transaction(async (tx) => {
      const { opened, unreadable } = await openEverything(tx, ctx.hub.vault);
      const result = { opened, unreadable: unreadable.length, examples: unreadable.slice(0, maxNamed) };
      await recordOperatorEvent(tx, ctx, {
        action,
        subject: { type: 'hub', id: null, name: 'this hub' },
        details: result,
      });
      return secretsFinding(result);
    }),
  );
}

/** What the last such check found; null when there was none. */
export async function lastSecretsCheck({ hub }: OperatorCtx): Promise<SecretsChecked | null> {
  const event = await findLastOperatorEvent(hub.db.system, [action]);
  if (!event) return null;
  const { opened, unreadable, examples } = event.details as unknown as Parameters<typeof secretsFinding>[0];
  return { finding: secretsFinding({ opened, unreadable, examples }), event };
}
