import { authBy, oauth2, token } from '../driver.ts';

const apps = 'https://github.com/settings/developers';

export const authSchema = authBy(
  oauth2({
    title: 'OAuth app',
    description: 'An OAuth app of your organisation or account. People then authorise their accounts.',
    clientId: {
      description: 'Settings → Developer settings → OAuth Apps → your app.',
      pattern: '^[A-Za-z0-9.]{16,40}$',
      'x-pattern-hint': 'be 16 to 40 letters, digits and dots, such as Ov23li…',
      'x-placeholder': 'Ov23liAbCdEfGhIjKlMn',
      'x-help-url': apps,
    },
    clientSecret: {
      description: 'Generate one on the app’s page; GitHub shows it once. It has 40 digits and letters a to f.',
      pattern: '^[0-9a-f]{40}$',
      'x-pattern-hint': 'be 40 digits and letters a to f',
      'x-help-url': apps,
    },
    scopes: ['repo', 'read:user', 'read:org'],
    scopesHelp: 'One per line. Take public_repo instead of repo if private repositories stay out.',
    scopesUrl: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps',
  }),
  token('Personal access token', {
    title: 'Token',
    description:
      'Settings → Developer settings → Personal access tokens. A fine-grained token can be limited to single repositories.',
    maxLength: 255,
    pattern: '^(gh[pous]_[A-Za-z0-9_]{36,251}|github_pat_[A-Za-z0-9_]{22,244})$',
    'x-pattern-hint': 'be a whole GitHub token that starts with github_pat_, ghp_ or gho_',
    'x-placeholder': 'github_pat_…',
    'x-help-url': 'https://github.com/settings/personal-access-tokens',
  }),
);
