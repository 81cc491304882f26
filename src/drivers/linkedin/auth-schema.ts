import { authBy, oauth2, token } from '../driver.ts';

const apps = 'https://www.linkedin.com/developers/apps';

export const authSchema = authBy(
  oauth2({
    title: 'OAuth 2.0',
    description: 'An app with the products “Sign In with LinkedIn using OpenID Connect” and “Share on LinkedIn”.',
    clientId: {
      description: 'LinkedIn developer portal → your app → Auth.',
      'x-help-url': apps,
      'x-placeholder': '77a1b2c3d4e5f6',
      pattern: '^[a-z0-9]{12,20}$',
      'x-pattern-hint': 'be 12 to 20 lower-case letters and digits',
    },
    clientSecret: {
      description: 'The primary client secret on the same page.',
      'x-help-url': apps,
    },
    scopes: ['openid', 'profile', 'w_member_social'],
    scopesHelp: 'One per line. Add w_organization_social to post as a company page.',
    scopesUrl: 'https://learn.microsoft.com/linkedin/shared/authentication/getting-access',
  }),
  token('Access token', {
    description:
      'From the token generator in the developer portal, with the scopes openid, profile and w_member_social.',
    minLength: 20,
    'x-help-url': 'https://www.linkedin.com/developers/tools/oauth/token-generator',
    'x-warning': 'LinkedIn ends tokens after 60 days. Enter a new one before that.',
  }),
);
