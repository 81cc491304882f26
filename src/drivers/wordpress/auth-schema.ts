import { authBy, oauth2, secret, token, variant } from '../driver.ts';

const applicationPassword = variant(
  'basic',
  'Application password',
  {
    username: {
      type: 'string',
      title: 'User name',
      description: 'The WordPress user that posts; its role decides what may be published.',
      minLength: 1,
      maxLength: 60,
      'x-placeholder': 'editor',
    },
    password: secret({
      title: 'Application password',
      description: 'Users → Profile → Application Passwords. This is not the password that the user signs in with.',
      maxLength: 64,
      pattern: '^ *([A-Za-z0-9]{4} ?){5}[A-Za-z0-9]{4} *$',
      'x-pattern-hint': 'be 24 letters and digits, usually in six groups of four',
      'x-placeholder': 'xxxx xxxx xxxx xxxx xxxx xxxx',
      'x-help-url': 'https://developer.wordpress.org/advanced-administration/security/application-passwords/',
    }),
  },
  ['username', 'password'],
  { description: 'For every WordPress site from version 5.6 on that is reached over https.' },
);

export const authSchema = authBy(
  applicationPassword,
  oauth2({
    title: 'OAuth 2.0 (WordPress.com)',
    description: 'For sites on WordPress.com, or self-hosted ones that Jetpack connects to it.',
    clientId: {
      description: 'The number of your app in the WordPress.com developer console.',
      pattern: '^[0-9]{1,12}$',
      'x-pattern-hint': 'be the app’s number, digits only',
      'x-placeholder': '12345',
      'x-help-url': 'https://developer.wordpress.com/apps/',
    },
    clientSecret: {
      description: 'On the same page as the client ID.',
      'x-help-url': 'https://developer.wordpress.com/apps/',
    },
    scopes: ['posts', 'media', 'taxonomy', 'users'],
    scopesHelp: 'One per line. “global” covers all sites of the account.',
    scopesUrl: 'https://developer.wordpress.com/docs/api/oauth2/',
  }),
  token(
    'Bearer token',
    {
      description: 'A token that WordPress.com gave you, or one from a token plugin of your own site.',
      minLength: 16,
      'x-warning': 'The hub cannot renew this token. Enter a new one when it expires.',
    },
    {
      issued_by: {
        type: 'string',
        title: 'Issued by',
        description: 'Decides where the token is sent.',
        enum: ['site', 'wordpress_com'],
        'x-enum-titles': ['The site itself', 'WordPress.com'],
        default: 'site',
      },
    },
  ),
);
