import { authBy, oauth2, token } from '../driver.ts';

const console = 'https://console.x.com';

export const authSchema = authBy(
  oauth2({
    title: 'OAuth 2.0',
    description: 'An app of type “Web App” in the X developer console. People then authorise their accounts.',
    clientId: {
      description: 'Developer console → your app → Keys and tokens → OAuth 2.0 Client ID.',
      'x-help-url': console,
      pattern: '^[A-Za-z0-9_-]{10,100}$',
      'x-pattern-hint': 'be 10 to 100 letters, digits, hyphens and underscores',
    },
    clientSecret: {
      description: 'Shown once beside the client ID; regenerate it there if it was lost.',
      'x-help-url': console,
    },
    scopes: ['tweet.read', 'tweet.write', 'users.read', 'media.write', 'offline.access'],
    scopesHelp: 'One per line. Keep offline.access: without it X ends the authorisation after two hours.',
    scopesUrl: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
  }),
  token('Access token', {
    description: 'An OAuth 2.0 user access token with tweet.write. An app-only bearer token cannot post.',
    minLength: 20,
    'x-help-url': console,
    'x-warning':
      'X ends user tokens after two hours and the hub cannot renew this one. Choose OAuth 2.0 for lasting use.',
  }),
);
