import { AppError } from '../../errors.ts';
import { checkCatalogFiles } from './catalog.ts';
import { checkClock, checkFence, checkMigrations, checkRoles, checkVersion } from './database.ts';
import { checkEgress } from './egress.ts';
import { type Check, type Finding, fail, type Patient } from './finding.ts';
import { checkJobs, checkOverdueWork } from './jobs.ts';
import { checkAudit, checkKeyring, checkSecrets } from './keys.ts';
import { machineChecks } from './machine.ts';
import { checkSingleSignOn } from './single-sign-on.ts';

const checks: [string, Check][] = [
  ['database version', checkVersion],
  ['database roles', checkRoles],
  ['row-level security', checkFence],
  ['migrations', checkMigrations],
  ['clock', checkClock],
  ['keyring', checkKeyring],
  ['secrets', checkSecrets],
  ['audit trail', checkAudit],
  ['jobs', checkJobs],
  ['clock work', checkOverdueWork],
  ...machineChecks.map((check): [string, Check] => ['machine', check]),
  ['catalog files', checkCatalogFiles],
  ['egress', checkEgress],
  ['single sign-on', checkSingleSignOn],
];

/** Looks at everything and changes nothing; a check that cannot be made is a finding too. */
export async function examine(patient: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of checks) {
    try {
      findings.push(...(await check(patient)));
    } catch (error) {
      const expected = error instanceof AppError || ['StartError', 'ConfigError'].includes((error as Error).name);
      const said = expected ? (error as Error).message : `It could not be checked: ${(error as Error).message}`;
      findings.push(fail(name, said));
    }
  }
  return findings;
}
