import { authBy, oauth2, scopes, secret, token } from '../driver.ts';

const apps = 'https://api.slack.com/apps';
const hex32 = { maxLength: 32, pattern: '^[0-9a-f]{32}$', 'x-pattern-hint': 'be 32 digits and letters a to f' };

const signingSecret = secret({
  title: 'Signing secret',
  description:
    'Basic Information → App Credentials. Proves that incoming requests come from Slack; needed only for events.',
  ...hex32,
  'x-help-url': 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
});

export const authSchema = authBy(
  oauth2({
    title: 'OAuth 2.0',
    description: 'A Slack app that people install in their workspace.',
    clientId: {
      description: 'Your app → Basic Information → App Credentials.',
      pattern: '^[0-9]{6,20}\\.[0-9]{6,20}$',
      'x-pattern-hint': 'be two numbers with a dot between, such as 1234567890.1234567890123',
      'x-placeholder': '1234567890.1234567890123',
      'x-help-url': apps,
    },
    clientSecret: { description: 'On the same page as the client ID.', ...hex32, 'x-help-url': apps },
    scopes: ['chat:write', 'channels:read', 'channels:history', 'users:read'],
    scopesHelp: 'Bot scopes, one per line. The app’s page must list the same ones.',
    scopesUrl: 'https://docs.slack.dev/reference/scopes',
    more: {
      user_scopes: scopes({
        title: 'User scopes',
        description: 'One per line; only to act as the person instead of the bot, for example search:read.',
        'x-help-url': 'https://docs.slack.dev/reference/scopes',
      }),
      signing_secret: signingSecret,
    },
  }),
  token(
    'Bot or user token',
    {
      title: 'Token',
      description: 'Your app → OAuth & Permissions, after “Install to Workspace”. The bot token starts with xoxb-.',
      maxLength: 255,
      pattern: '^xox[bp]-[A-Za-z0-9-]{10,250}$',
      'x-pattern-hint': 'be a whole token that starts with xoxb- (bot) or xoxp- (user)',
      'x-placeholder': 'xoxb-…',
      'x-help-url': apps,
    },
    { signing_secret: signingSecret },
  ),
);
