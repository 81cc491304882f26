import { type Account, type ExecutionContext, type HealthReport, ServiceError, type Values } from '../driver.ts';
import { ask } from './site.ts';

/** `context=edit` is only for who is signed in: sites that take a wrong password for a visitor answer 401 here. */
async function me(context: ExecutionContext): Promise<Values> {
  const user = await ask(context, 'users/me', { context: 'edit' });
  if (user?.id !== undefined) return user;
  throw new ServiceError('service', 'What answered is not WordPress. Check the site’s address.', {
    field: 'config.site_url',
  });
}

export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { name, capabilities } = await me(context);
  const may = (capabilities ?? {}) as Record<string, boolean>;
  const wants = (context.config.post_status ?? 'draft') === 'publish' ? 'publish_posts' : 'edit_posts';
  const lacks = capabilities !== undefined && may[wants] !== true;
  return {
    message: `Signed in as ${name}.`,
    warnings: lacks
      ? [
          `${name} may not ${wants === 'publish_posts' ? 'publish' : 'write'} posts on this site. Give the user a higher role.`,
        ]
      : [],
  };
}

export async function whoami(context: ExecutionContext): Promise<Account> {
  const { id, name, username } = await me(context);
  const { host } = new URL(String(context.config.site_url));
  return { externalId: `${host}:${id}`, label: `${username ?? name} on ${host}` };
}
