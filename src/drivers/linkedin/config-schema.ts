import { object } from '../driver.ts';

export const configSchema = object({
  api_version: {
    type: 'string',
    title: 'API version',
    description: 'Year and month, YYYYMM. LinkedIn switches each version off about a year after its month.',
    maxLength: 64,
    pattern: '^20[2-9][0-9](0[1-9]|1[0-2])$',
    'x-pattern-hint': 'be a year and a month as six digits, such as 202609',
    'x-placeholder': '202609',
    'x-help-url': 'https://learn.microsoft.com/linkedin/marketing/versioning',
    default: '202609',
  },
  organization_id: {
    type: 'string',
    title: 'Organisation ID',
    description:
      'To post as a company page: the number in its admin address, linkedin.com/company/<number>/admin. Leave blank to post as the member.',
    maxLength: 64,
    pattern: '^[1-9][0-9]{0,18}$',
    'x-pattern-hint': 'be the page’s number, digits only',
    'x-placeholder': '5515715',
    'x-warning': 'Posting as a page needs the scope w_organization_social and LinkedIn’s approval of your app.',
  },
  visibility: {
    type: 'string',
    title: 'Visibility',
    description: 'Who sees posts that do not say it themselves. Pages can only post to everyone.',
    enum: ['PUBLIC', 'LOGGED_IN', 'CONNECTIONS'],
    'x-enum-titles': ['Everyone', 'LinkedIn members', 'Connections only'],
    default: 'PUBLIC',
  },
  disable_reshare: {
    type: 'boolean',
    title: 'Do not let others reshare',
    default: false,
  },
});
