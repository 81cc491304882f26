import { parseArgs } from 'node:util';
import { AppError } from '../errors.ts';
import { refuse, runCommand, withHub } from './command.ts';

const usage = 'Usage: make operator EMAIL=ada@example.com, or with REMOVE=1 to take it away';

/** `make operator`, also while hubs run. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { email: { type: 'string' }, remove: { type: 'string' } } });
  if (!values.email) return refuse(usage);
  const { email, remove } = values;
  return withHub(async ({ hub }) => {
    const { setOperator } = await import('../services/tenants/operators.ts');
    try {
      console.log(describe(await setOperator(hub, email, !remove), !remove));
      return 0;
    } catch (error) {
      if (error instanceof AppError && error.errors) return refuse(`EMAIL: ${error.errors.email?.join(' ')}`);
      throw error;
    }
  });
}

function describe({ person, changed, left }: Awaited<ReturnType<SetOperator>>, wanted: boolean): string {
  const done = wanted
    ? `${person.email} ${changed ? 'is now' : 'was already'} an operator of this hub.`
    : `${person.email} ${changed ? 'is no longer' : 'was not'} an operator of this hub.`;
  return left ? done : `${done} Nobody is one now; make operator EMAIL=… names another.`;
}

type SetOperator = typeof import('../services/tenants/operators.ts').setOperator;

await runCommand(main);
