import { parseArgs } from 'node:util';
import { runCommand, withHub } from './command.ts';

/** `make reset-password EMAIL=…`, also while hubs run. The link is printed and not logged: it lets its holder in. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { email: { type: 'string' }, 'second-factor': { type: 'string' } } });
  const { email, 'second-factor': factor } = values;
  if (!email || (factor && factor !== 'remove')) {
    console.error(
      'Usage: make reset-password EMAIL=ada@example.com, with SECOND_FACTOR=remove for somebody who lost it',
    );
    return 2;
  }
  return withHub(async ({ hub }) => {
    const { makeResetLink, resetMinutes } = await import('../services/people/password-reset.ts');
    if (factor) {
      const { removeSecondFactorOf } = await import('../services/people/second-factor.ts');
      console.log(
        (await removeSecondFactorOf(hub, email)) ? 'The second factor is removed.' : 'There was no second factor.',
      );
    }
    const { url, person } = await makeResetLink(hub, email, { ip: null, userAgent: null });
    console.log(
      `With this link ${person.name} (${person.email}) sets a new password, once, within ${resetMinutes} minutes:\n\n  ${url}\n`,
    );
    return 0;
  });
}

await runCommand(main);
