import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectUserByEmail } from '../../db/queries/identity.ts';
import { countOperators, deleteOperator, insertOperator } from '../../db/queries/operators.ts';
import { invalid } from '../../errors.ts';
import { systemCtx } from '../system.ts';
import { type Doer, recordOperatorEvent } from './operator-trail.ts';

export interface OperatorChange {
  person: { id: string; name: string; email: string };
  /** False when they were, or were not, one already. */
  changed: boolean;
  /** How many operators there are now. */
  left: number;
}

/**
 * Makes somebody who has an account an operator, or takes it from them; bites on their next request.
 * @throws AppError invalid_input with `email` when nobody has this address
 */
export async function setOperator(hub: Hub, email: unknown, wanted: boolean): Promise<OperatorChange> {
  const address = typeof email === 'string' ? email.trim().toLowerCase() : '';
  if (!address) throw invalid({ email: ['Enter the e-mail address of somebody who has an account here.'] });
  return hub.db.system.transaction(async (tx) => {
    const person = await selectUserByEmail(tx, address);
    if (!person)
      throw invalid({
        email: [`Nobody here has the address ${address}. Add them to a workspace first, then try again.`],
      });
    const by = systemCtx(hub, person.id, 'operator');
    const changed = wanted ? await addOperator(tx, by, person) : await removeOperator(tx, by, person);
    return { person, changed, left: await countOperators(tx) };
  });
}

/** Makes the person an operator, in the transaction of whoever asks; says whether that was new. */
export async function addOperator(tx: Tx, by: Doer, person: { id: string; name: string }): Promise<boolean> {
  const added = await insertOperator(tx, person.id);
  if (added) await recordOperatorEvent(tx, by, { action: 'operator.added', subject: subject(person) });
  return added;
}

async function removeOperator(tx: Tx, by: Doer, person: { id: string; name: string }): Promise<boolean> {
  const removed = await deleteOperator(tx, person.id);
  if (removed) await recordOperatorEvent(tx, by, { action: 'operator.removed', subject: subject(person) });
  return removed;
}

const subject = ({ id, name }: { id: string; name: string }) => ({ type: 'person', id, name });
