import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import {
  type AuditHead,
  findRegister,
  holdRegister,
  insertRegister,
  lockFounding,
  type RegisterRow,
  selectHeads,
  selectNewestSeals,
  updateRegister,
  upsertHeads,
} from '../../db/queries/audit-register.ts';
import { findHubSecret, replaceHubSecret } from '../../db/queries/hub-secrets.ts';
import { AppError } from '../../errors.ts';
import { auditKeyId, auditMac, newAuditKey, sameMac } from '../../vault/audit-mac.ts';
import type { Vault } from '../../vault/vault.ts';
import { hubSecret, keyringCheckName, keyringCheckValue } from './keyring.ts';

// The newest seal of each trail is remembered outside of it, in `audit_heads`, and one MAC is over all of these. So the seals of a
// workspace cannot be taken away altogether, and none of the heads can either. Nor can the register as a whole, with the key: the value
// that every start opens with the master keys says from then on which key began it.

/** The name of the key among the hub's secrets: changes of master keys take it along, and changes of data keys do not concern it. */
export const auditKeyName = 'audit_seal_key';

/** What the value begins with from then on; the key's id comes behind it. */
const sealedUnder = `${keyringCheckValue}, trail sealed under `;

export interface OpenRegister {
  key: string;
  /** How often the register was written; null when somebody took it away. */
  version: number | null;
}

/** The key that seals, and the register, which is begun the first time. */
export async function openRegister({ db, vault }: Pick<Hub, 'db' | 'vault'>): Promise<OpenRegister> {
  const key = await hubSecret(db, vault, auditKeyName, newAuditKey);
  if (!(await keyThatBegan(db.system, vault))) await begin({ db, vault }, key);
  const register = await findRegister(db.system);
  return { key, version: register?.version ?? null };
}

/** The id of the key under which sealing began; null when it did not begin, or before there was a register. */
export async function keyThatBegan(db: Drizzle | Tx, vault: Vault): Promise<string | null> {
  const row = await findHubSecret(db, keyringCheckName);
  if (!row)
    throw new AppError('unavailable', 'The value that tells which master keys are right is gone; nothing is sealed.');
  const value = vault.openForHub(keyringCheckName, row);
  return value.startsWith(sealedUnder) ? value.slice(sealedUnder.length) : null;
}

const begin = ({ db, vault }: Pick<Hub, 'db' | 'vault'>, key: string) =>
  db.system.transaction(async (tx) => {
    await lockFounding(tx);
    if ((await keyThatBegan(tx, vault)) || (await findRegister(tx))) return;
    await upsertHeads(tx, await selectNewestSeals(tx));
    const register = { version: 1, keyId: auditKeyId(key) };
    const mac = registerMac(key, register, await selectHeads(tx));
    await insertRegister(tx, { ...register, mac });
    await replaceHubSecret(tx, {
      name: keyringCheckName,
      ...vault.sealForHub(keyringCheckName, sealedUnder + register.keyId),
    });
  });

/** Notes the newest seals of these trails. A register that does not hold stays as it is, and so what shows it stays. */
export const noteHeads = (db: Drizzle, key: string, newest: AuditHead[]): Promise<void> =>
  db.transaction(async (tx) => {
    const register = await holdRegister(tx);
    const before = await selectHeads(tx);
    if (!register || !isWhole(key, register, before)) return;
    const known = new Map(before.map((head) => [head.scope, head.number]));
    await upsertHeads(
      tx,
      newest.filter(({ scope, number }) => number > (known.get(scope) ?? 0)),
    );
    const version = register.version + 1;
    await updateRegister(tx, { version, mac: registerMac(key, { ...register, version }, await selectHeads(tx)) });
  });

/** What is wrong with the register; null when it holds. */
export function faultOfRegister(
  { key, began }: { key: string | null; began: string | null },
  register: RegisterRow | null,
  heads: AuditHead[],
): string | null {
  if (!began) return register ? 'the value that says which key began the register of seals was brought back' : null;
  if (!key || auditKeyId(key) !== began) return 'the key of the seals was taken away or exchanged';
  if (!register) return 'the register of the newest seals was taken away';
  return isWhole(key, register, heads)
    ? null
    : 'the register of the newest seals was changed, or a trail taken from it';
}

const isWhole = (key: string, register: RegisterRow, heads: AuditHead[]) =>
  register.keyId === auditKeyId(key) && sameMac(register.mac, registerMac(key, register, heads));

const registerMac = (key: string, { version, keyId }: Pick<RegisterRow, 'version' | 'keyId'>, heads: AuditHead[]) =>
  auditMac(key, [
    'audit register 1',
    JSON.stringify([version, keyId]),
    ...heads.map(({ scope, number, sealMac }) => JSON.stringify([scope, number, sealMac])),
  ]);
