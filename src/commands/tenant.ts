import { parseArgs } from 'node:util';
import { readTenantPassword } from '../config.ts';
import { AppError } from '../errors.ts';
import { refuse, runCommand, withHub } from './command.ts';

const usage = 'Usage: make tenant NAME="Acme" EMAIL=ada@example.com PASSWORD="at least 12 characters"';
const flags: Record<string, string> = { name: 'NAME', 'owner.email': 'EMAIL', 'owner.password': 'PASSWORD' };

/** `make tenant`: a workspace with its owner, also while hubs run. Exit codes: 0 made, 1 could not, 2 wrong input. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { name: { type: 'string' }, email: { type: 'string' } } });
  const password = readTenantPassword();
  if (!values.name && !values.email && !password) return refuse(usage);
  return withHub(async ({ hub }) => {
    const { createTenant } = await import('../services/tenants/tenants.ts');
    try {
      const input = { name: values.name, owner: { email: values.email, password } };
      const { tenant, owner } = await createTenant(hub, input);
      const note = owner.existed ? ' This person was here already and keeps their password.' : '';
      console.log(`Made the workspace "${tenant.name}" (${tenant.id}). Its owner is ${owner.email}.${note}`);
      return 0;
    } catch (error) {
      if (error instanceof AppError && error.errors) return refuse(fieldByField(error.errors));
      throw error;
    }
  });
}

const fieldByField = (errors: Record<string, string[]>) =>
  Object.entries(errors)
    .map(([field, messages]) => `${flags[field] ?? field}: ${messages.join(' ')}`)
    .join('\n');

await runCommand(main);
