import type { Tx } from '../../db/client.ts';
import { type AuditHead, findRegister, selectHeads } from '../../db/queries/audit-register.ts';
import { operatorTrail, type SealRow, type Trail, tenantTrail } from '../../db/queries/audit-seals.ts';
import { selectTenants } from '../../db/queries/data-keys.ts';
import { findHubSecret } from '../../db/queries/hub-secrets.ts';
import type { AuditProblem } from '../../db/schema/index.ts';
import { auditKeyId, sameMac } from '../../vault/audit-mac.ts';
import type { Vault } from '../../vault/vault.ts';
import { auditKeyName, faultOfRegister, keyThatBegan } from './audit-register.ts';
import { type InTrail, isHead, sealMac, sealSize } from './audit-seals.ts';

export interface AuditVerification {
  /** Seals that hold. */
  seals: number;
  /** Events that they cover. */
  events: number;
  /** What does not hold, a sentence each. */
  broken: string[];
  /** Workspaces with events that should have been sealed an hour ago. */
  unsealed: string[];
}

/** What was found about one trail. */
export interface TrailVerification {
  seals: number;
  events: number;
  problems: AuditProblem[];
  /** The position of the last event that is sealed. */
  lastPosition: number | null;
}

const pageSize = 20;

/**
 * Computes every seal of all trails again and keeps going after one that does not hold. The transaction is the owner's, and one that
 * sees a single moment.
 * @throws VaultError when the master keys do not open the key of the seals
 */
export async function verifyAudit(tx: Tx, vault: Vault): Promise<AuditVerification> {
  const result: AuditVerification = { seals: 0, events: 0, broken: [], unsealed: [] };
  const register = await readRegister(tx, vault);
  if (register.fault) result.broken.push(register.fault);
  const context = { ...register, versionNow: async () => register.version };
  const operators = { name: 'The operators', trail: operatorTrail };
  const tenants = await selectTenants(tx);
  for (const { name, trail } of [operators, ...tenants.map(({ id, name }) => ({ name, trail: tenantTrail(id) }))]) {
    const found = await verifyTrail((work) => work(tx), trail, context);
    result.seals += found.seals;
    result.events += found.events;
    result.broken.push(...found.problems.map(({ message }) => `${name}: ${message}`));
    if (await trail.hasUnsealed(tx, found.lastPosition)) result.unsealed.push(name);
  }
  return result;
}

export interface ReadRegister {
  key: string | null;
  heads: AuditHead[];
  /** What is wrong with the register of all trails; null when it holds. */
  fault: string | null;
  version: number | null;
}

/**
 * The transaction has to see a single moment.
 * @throws VaultError when the master keys do not open the key of the seals
 */
export async function readRegister(tx: Tx, vault: Vault): Promise<ReadRegister> {
  const row = await findHubSecret(tx, auditKeyName);
  const key = row && vault.openForHub(auditKeyName, row);
  const [began, register, heads] = [await keyThatBegan(tx, vault), await findRegister(tx), await selectHeads(tx)];
  const fault = faultOfRegister({ key, began }, register, heads);
  return { key, heads, fault, version: register?.version ?? null };
}

export interface TrailContext extends Pick<ReadRegister, 'key' | 'heads'> {
  /** How often the register was written, asked after the seals were read: the seals behind it name no newer one. */
  versionNow(): Promise<number | null>;
}

/** Computes the trail's seals again, some of them in each transaction. */
export async function verifyTrail(
  run: InTrail,
  trail: Trail,
  { key, heads, versionNow }: TrailContext,
): Promise<TrailVerification> {
  const known = heads.find(({ scope }) => scope === trail.scope);
  const found: TrailVerification = { seals: 0, events: 0, problems: [], lastPosition: null };
  let before: SealRow | null = null;
  let newest = 0;
  for (;;) {
    const page: SealRow[] = await run((tx) => trail.seals(tx, before?.number ?? 0, pageSize));
    await run(async (tx) => {
      for (const seal of page) {
        const message = (await faultOf(tx, key, trail, seal, before)) ?? replaced(seal, known);
        if (message) found.problems.push(problemWith(message, seal, before));
        else {
          found.seals += 1;
          found.events += seal.events;
        }
        newest = Math.max(newest, seal.register ?? 0);
        before = seal;
      }
    });
    if (page.length < pageSize) break;
  }
  const last = before as SealRow | null;
  const cut = await cutOff(key, trail, last, { known, newest, versionNow });
  found.problems.push(...cut.map((message) => problemWith(message, null, last)));
  return { ...found, lastPosition: last?.lastPosition ?? null };
}

/** What is wrong with the seal; null when it holds. */
async function faultOf(tx: Tx, key: string | null, trail: Trail, seal: SealRow, before: SealRow | null) {
  const wanted = (before?.number ?? 0) + 1;
  if (seal.number !== wanted) return `the seals ${wanted} to ${seal.number - 1} are missing`;
  const made = `${seal.createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const which = `seal ${seal.number} of ${made}, over the events ${(before?.lastPosition ?? 0) + 1} to ${seal.lastPosition},`;
  if (!key || seal.keyId !== auditKeyId(key)) return `${which} was made under a key that this hub does not have`;
  const range = { after: before?.lastPosition ?? null, upTo: seal.lastPosition, limit: sealSize + 1 };
  const events = await trail.sealable(tx, range);
  if (sameMac(seal.mac, sealMac(key, trail.scope, seal, before, events))) return null;
  return `${which} does not hold: ${guess(seal, events.length)}`;
}

function guess(seal: SealRow, events: number): string {
  const missing = seal.events - events;
  if (missing > 0) return `${missing} of its ${seal.events} events are gone`;
  if (missing < 0) return `there are more than the ${seal.events} events that it covers`;
  return 'an event was changed, or the seal was';
}

const replaced = (seal: SealRow, known: AuditHead | undefined) =>
  known?.number === seal.number && known.sealMac !== seal.mac
    ? `seal ${seal.number} is not the one that the register knows: all seals up to there were taken away once`
    : null;

/** What shows that seals were taken away at the end, or brought back. */
async function cutOff(
  key: string | null,
  trail: Trail,
  last: SealRow | null,
  { known, newest, versionNow }: { known: AuditHead | undefined; newest: number } & Pick<TrailContext, 'versionNow'>,
): Promise<string[]> {
  const found: string[] = [];
  const count = last?.number ?? 0;
  if (known && known.number > count)
    found.push(
      count
        ? `the seals ${count + 1} to ${known.number} were taken away`
        : `all of its ${known.number} seals were taken away`,
    );
  if (key && last && !isHead(key, trail.scope, last)) found.push('its newest seals were taken away once');
  const version = await versionNow();
  if (version !== null && newest > version)
    found.push('the register of the newest seals was brought back from an older state');
  return found;
}

const problemWith = (message: string, seal: SealRow | null, before: SealRow | null): AuditProblem => ({
  seal: seal?.number ?? null,
  after: before?.createdAt.toISOString() ?? null,
  until: seal?.createdAt.toISOString() ?? null,
  message,
});
