import { object } from '../driver.ts';

export const configSchema = object({
  publication_id: {
    type: 'string',
    title: 'Publication ID',
    description: 'To publish under a publication that you may write for. Leave blank for your own profile.',
    maxLength: 64,
    pattern: '^[0-9a-f]{10,32}$',
    'x-pattern-hint': 'be the publication’s ID, 10 to 32 digits and letters a to f',
    'x-placeholder': 'b45573563f5a',
  },
  publish_status: {
    type: 'string',
    title: 'Publish as',
    description: 'How stories appear that do not say it themselves.',
    enum: ['draft', 'public', 'unlisted'],
    'x-enum-titles': ['Draft', 'Public', 'Unlisted'],
    default: 'draft',
  },
  license: {
    type: 'string',
    title: 'Licence',
    enum: [
      'all-rights-reserved',
      'cc-40-by',
      'cc-40-by-sa',
      'cc-40-by-nd',
      'cc-40-by-nc',
      'cc-40-by-nc-nd',
      'cc-40-by-nc-sa',
      'cc-40-zero',
      'public-domain',
    ],
    'x-enum-titles': [
      'All rights reserved',
      'CC BY 4.0',
      'CC BY-SA 4.0',
      'CC BY-ND 4.0',
      'CC BY-NC 4.0',
      'CC BY-NC-ND 4.0',
      'CC BY-NC-SA 4.0',
      'CC0 1.0',
      'Public domain',
    ],
    default: 'all-rights-reserved',
  },
  notify_followers: {
    type: 'boolean',
    title: 'Notify followers',
    description: 'Tell your followers when a story goes public.',
    default: false,
  },
});
