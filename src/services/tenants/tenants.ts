import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  actForTenant,
  insertMember,
  insertOrganization,
  insertPassword,
  insertUser,
  isAddressShown,
  selectUserByEmail,
} from '../../db/queries/identity.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { hashPassword } from '../../lib/passwords.ts';
import { recordAudit } from '../audit.ts';
import { cleaned, emailProblem, nameProblem, passwordProblem } from '../people/person-input.ts';
import { tenantKeys } from '../secrets/keyring.ts';
import { systemCtx } from '../system.ts';
import { type Doer, recordOperatorEvent } from './operator-trail.ts';

export interface NewTenant {
  name: unknown;
  /** `name` of a person; made from the address when it is not given. */
  owner: { email: unknown; password: unknown; name?: unknown };
}

export interface CreatedTenant {
  tenant: { id: string; name: string; slug: string };
  /** `existed`: somebody with this address was there already, and keeps the password that they have. */
  owner: { id: string; name: string; email: string; existed: boolean };
}

interface Checked {
  name: string;
  email: string;
  password: string;
  personName: string;
}

interface CreateOptions {
  /** Runs first in the same transaction and may refuse by throwing. */
  guard?(tx: Tx): Promise<void>;
  /** Runs last in it, for what has to happen together with the workspace. */
  settle?(tx: Tx, created: CreatedTenant): Promise<void>;
  /** Who asked; the hub itself when left out. */
  by?: Doer;
}

/**
 * Makes a workspace with its owner and its first data key, as the operator asks.
 * @throws AppError invalid_input with `errors` for `name`, `owner.email`, `owner.password` and `owner.name`
 */
export async function createTenant(
  hub: Hub,
  input: NewTenant,
  { guard, settle, by }: CreateOptions = {},
): Promise<CreatedTenant> {
  const checked = validate(input);
  const passwordHash = await hashPassword(checked.password); // before the transaction: it takes 100 ms
  const tenantId = uuidv7();
  const ctx = systemCtx(hub, tenantId, 'tenant');
  return hub.db.system.transaction(async (tx) => {
    await guard?.(tx);
    await actForTenant(tx, tenantId);
    const tenant = await insertWithFreeSlug(tx, tenantId, checked.name);
    const owner = await findOrInsertOwner(tx, checked, passwordHash);
    await insertMember(tx, { id: uuidv7(), organizationId: tenantId, userId: owner.id, role: 'owner' });
    await tenantKeys(tx, hub.vault, tenantId);
    const existed = { owner_existed: owner.existed };
    const own = { owner: owner.email, ...existed };
    await recordEverywhere(tx, tenant, by ?? ctx, 'tenant.created', own, { owner_id: owner.id, ...existed });
    const created = { tenant, owner };
    await settle?.(tx, created);
    return created;
  });
}

/**
 * Notes an operator's change in the tenant's own history and in the operators' trail, which outlives the tenant and its people.
 * @param lasting what stands in the trail instead where the details name people
 */
export async function recordEverywhere(
  tx: Tx,
  tenant: { id: string; name: string },
  by: Doer,
  action: string,
  details: Record<string, unknown> = {},
  lasting = details,
): Promise<string> {
  const event = { action, subject: { type: 'tenant', id: tenant.id, name: tenant.name }, details };
  await recordAudit(tx, { ...by, tenantId: tenant.id, actor: { ...by.actor, role: 'owner' } }, event);
  return recordOperatorEvent(tx, by, { ...event, details: lasting });
}

/** Two tenants may share a name; addresses and files need something unique. */
async function insertWithFreeSlug(tx: Tx, id: string, name: string) {
  const base = slugOf(name);
  for (let number = 1; ; number += 1) {
    const slug = number === 1 ? base : `${base}-${number <= 5 ? number : uuidv7().slice(-8)}`;
    if (await insertOrganization(tx, { id, name, slug })) return { id, name, slug };
  }
}

async function findOrInsertOwner(tx: Tx, { email, personName }: Checked, password: string) {
  const id = uuidv7();
  if (await insertUser(tx, { id, name: personName, email })) {
    await insertPassword(tx, { id: uuidv7(), userId: id, password });
    return { id, name: personName, email, existed: false };
  }
  const user = await selectUserByEmail(tx, email);
  if (!user) throw new Error('The user was deleted while a workspace was made for it.');
  if (!(await isAddressShown(tx, user.id))) throw invalid({ 'owner.email': [addressNotShown(email)] });
  return { ...user, existed: true };
}

/** The account may be of somebody else who chose its password, and would own the new workspace. */
const addressNotShown = (email: string) =>
  `Somebody has signed up as ${email} by an invitation, and nothing shows that the address is theirs. Make a link with make reset-password EMAIL=${email} and give it to the person; once they have set a password with it, try again.`;

function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replace(/^-+|-+$/g, '');
  return slug || 'workspace';
}

function validate({ name, owner }: NewTenant): Checked {
  const { email, password, name: personName } = owner ?? {};
  const errors: FieldErrors = {};
  const put = (field: string, message: string | null) => message && Object.assign(errors, { [field]: [message] });
  const checked = {
    name: cleaned(name),
    email: cleaned(email).toLowerCase(),
    password: typeof password === 'string' ? password : '',
    personName: cleaned(personName) || cleaned(email).split('@')[0] || '',
  };
  put('name', nameProblem(checked.name, 'a name for the workspace'));
  put('owner.name', cleaned(personName) ? nameProblem(checked.personName, 'your name') : null);
  put('owner.email', emailProblem(checked.email));
  put('owner.password', passwordProblem(checked.password));
  if (Object.keys(errors).length) throw invalid(errors);
  return checked;
}
