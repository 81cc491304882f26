import { drizzle } from 'drizzle-orm/postgres-js';
import { withConnection } from '../../db/connection.ts';
import { verifyAudit } from '../secrets/audit-verification.ts';
import { masterKeyUsage } from '../secrets/master-keys.ts';
import { openEverything } from '../secrets/secret-check.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

export async function checkKeyring({ owner, vault }: Patient): Promise<Finding[]> {
  const { newest, uses, droppable, missing } = await withConnection(owner, (sql) =>
    masterKeyUsage(drizzle(sql), vault),
  );
  const inUse = uses.map(({ masterKeyId, dataKeys, hubSecrets }) => `${masterKeyId} (${dataKeys + hubSecrets})`);
  const older = uses.filter(({ masterKeyId }) => masterKeyId !== newest);
  const said = inUse.length ? `In use: ${inUse.join(', ')}.` : 'Nothing is sealed yet.';
  if (missing.length)
    return [
      fail(
        'keyring',
        `${said} Not in ${vault.keySource}: ${missing.join(', ')}.`,
        'Put these keys back; what they seal cannot be read without them.',
      ),
    ];
  if (older.length) return [warn('keyring', `${said} The newest is ${newest}.`, 'Run make rotate-master-key.')];
  if (!droppable.length) return [ok('keyring', said)];
  return [
    ok(
      'keyring',
      `${said} Nothing needs ${droppable.join(', ')}.`,
      'Keep copies with older backups, then remove them.',
    ),
  ];
}

export async function checkSecrets({ owner, vault, deep }: Patient): Promise<Finding[]> {
  if (!deep) return [];
  const { opened, unreadable } = await withConnection(owner, (sql) =>
    drizzle(sql).transaction((tx) => openEverything(tx, vault)),
  );
  return [secretsFinding({ opened, unreadable: unreadable.length, examples: unreadable.slice(0, 20) })];
}

interface SecretsResult {
  opened: number;
  unreadable: number;
  /** The first of them by name. */
  examples: string[];
}

export function secretsFinding({ opened, unreadable, examples }: SecretsResult): Finding {
  if (!unreadable) return ok('secrets', `All ${opened} open.`);
  const shown = examples.join('; ');
  return fail('secrets', `${unreadable} do not open (${opened} do): ${shown}.`, 'Enter them again in Configure.');
}

/** Whether the trail is what was sealed. */
export async function checkAudit({ owner, vault, deep }: Patient): Promise<Finding[]> {
  if (!deep) return [];
  const { seals, events, broken, unsealed } = await withConnection(owner, (sql) =>
    drizzle(sql).transaction((tx) => verifyAudit(tx, vault), {
      isolationLevel: 'repeatable read',
      accessMode: 'read only',
    }),
  );
  const held = `${seals} seals over ${events} events hold`;
  if (broken.length)
    return [
      fail(
        'audit trail',
        `${broken.length} breaks, while ${held}: ${broken.slice(0, 20).join('; ')}.`,
        'Somebody changed the database past the hub. Compare with a backup from before.',
      ),
    ];
  if (unsealed.length)
    return [
      warn(
        'audit trail',
        `${held}, but events are older than an hour and not sealed in: ${unsealed.slice(0, 20).join(', ')}.`,
        'Look whether the job seal-audit runs. If it did, seals were removed.',
      ),
    ];
  return [ok('audit trail', `${held}.`)];
}
