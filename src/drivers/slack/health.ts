import type { Account, ExecutionContext, HealthReport } from '../driver.ts';
import { withSlack } from './client.ts';

/** https://docs.slack.dev/reference/methods/auth.test */
const test = (context: ExecutionContext) => withSlack(context, (slack) => slack.auth.test());

export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { team, user, team_id } = await test(context);
  const wanted = context.config.team_id;
  const elsewhere = wanted && team_id && wanted !== team_id;
  return {
    message: `Signed in to ${team} as ${user}.`,
    warnings: elsewhere ? [`The token belongs to the workspace ${team_id}, but the settings name ${wanted}.`] : [],
  };
}

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { team, team_id, user, user_id, response_metadata } = await test(context);
  const { scopes } = (response_metadata ?? {}) as { scopes?: string[] };
  return { externalId: `${team_id}:${user_id}`, label: `${user} in ${team}`, ...(scopes?.length && { scopes }) };
}

/** https://docs.slack.dev/reference/methods/auth.revoke; a bot’s token takes the bot out of its channels with it, so only a deletion asks for it. */
export async function revoke(context: ExecutionContext): Promise<boolean> {
  const answer = await withSlack(context, (slack) => slack.auth.revoke());
  return (answer as { revoked?: boolean }).revoked ?? false;
}
