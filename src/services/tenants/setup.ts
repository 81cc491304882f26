import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { hasOrganizations, lockSetup } from '../../db/queries/identity.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { hubSecret } from '../secrets/keyring.ts';
import { systemCtx } from '../system.ts';
import { addOperator } from './operators.ts';
import { type CreatedTenant, createTenant } from './tenants.ts';

export interface FirstOwner {
  state: 'done' | 'created' | 'open';
  /** Where somebody has to set the hub up, with the token; the same on every replica. Null unless `open`. */
  url: string | null;
}

export interface SetupInput {
  token: unknown;
  tenant_name: unknown;
  name: unknown;
  email: unknown;
  password: unknown;
}

const tokenName = 'setup_token';

/**
 * Looks after an empty database at start: makes the first tenant and owner from `ADMIN_*`, or else a set-up token.
 * @throws AppError invalid_input with the variables' names as fields
 */
export async function ensureFirstOwner(hub: Hub): Promise<FirstOwner> {
  if ((await setupState(hub)) === 'done') return { state: 'done', url: null };
  const { admin, baseUrl } = hub.config;
  if (!admin) return { state: 'open', url: `${baseUrl}/setup?token=${await setupToken(hub)}` };
  try {
    const owner = { email: admin.email, password: admin.password };
    const { tenant } = await createFirst(hub, { name: admin.tenant, owner }, adminFields);
    hub.log.info({ tenant_id: tenant.id }, 'made the first workspace from ADMIN_*');
    return { state: 'created', url: null };
  } catch (error) {
    if (error === alreadySetUp) return { state: 'done', url: null }; // another replica was quicker
    throw error;
  }
}

/** Whether somebody still has to set the hub up. */
export async function setupState({ db }: Pick<Hub, 'db'>): Promise<'open' | 'done'> {
  return (await hasOrganizations(db.system)) ? 'done' : 'open';
}

/**
 * Makes the first tenant and owner from the set-up form; works once.
 * @throws AppError not_found when the hub is set up or the token is wrong, invalid_input with the form's field names
 */
export async function completeSetup(hub: Hub, input: SetupInput): Promise<CreatedTenant> {
  await requireSetupToken(hub, input.token);
  try {
    const owner = { email: input.email, password: input.password, name: input.name };
    return await createFirst(hub, { name: input.tenant_name, owner }, formFields);
  } catch (error) {
    throw error === alreadySetUp ? noSetup() : error;
  }
}

/**
 * For the page that shows the form.
 * @throws AppError not_found when the hub is set up or the token is wrong
 */
export async function requireSetupToken(hub: Hub, token: unknown): Promise<void> {
  if ((await setupState(hub)) === 'done' || typeof token !== 'string') throw noSetup();
  if (!timingSafeEqual(digest(token), digest(await setupToken(hub)))) throw noSetup();
}

const alreadySetUp = new Error('The hub is set up.');
const adminFields = { name: 'ADMIN_TENANT', 'owner.email': 'ADMIN_EMAIL', 'owner.password': 'ADMIN_PASSWORD' };
const formFields = { name: 'tenant_name', 'owner.name': 'name', 'owner.email': 'email', 'owner.password': 'password' };

/** One transaction at a time, and only on an empty database: of two at once, one wins. */
async function createFirst(hub: Hub, input: Parameters<typeof createTenant>[1], names: Record<string, string>) {
  const guard = async (tx: Tx) => {
    await lockSetup(tx);
    if (await hasOrganizations(tx)) throw alreadySetUp;
  };
  try {
    return await createTenant(hub, input, {
      guard,
      settle: async (tx, { owner }) => void (await addOperator(tx, systemCtx(hub, owner.id, 'setup'), owner)),
    });
  } catch (error) {
    throw error instanceof AppError && error.errors ? invalid(renamed(error.errors, names)) : error;
  }
}

const renamed = (errors: FieldErrors, names: Record<string, string>): FieldErrors =>
  Object.fromEntries(Object.entries(errors).map(([field, messages]) => [names[field] ?? field, messages]));

/** Sealed under the master keyring, so that every replica prints the same address and the database alone tells nobody. */
const setupToken = ({ db, vault }: Hub) => hubSecret(db, vault, tokenName, () => randomBytes(24).toString('base64url'));

const digest = (text: string) => createHash('sha256').update(text).digest();

const noSetup = () =>
  new AppError(
    'not_found',
    'There is nothing to set up at this address. Sign in, or use the address with a token that the hub printed when it started.',
  );
