import { address, object, tls } from '../driver.ts';

export const configSchema = object(
  {
    site_url: address(
      {
        title: 'Site address',
        description: 'The “WordPress Address (URL)” in Settings → General, without /wp-admin.',
        'x-placeholder': 'https://blog.example.com',
      },
      { http: true },
    ),
    permalinks: {
      type: 'string',
      title: 'REST API address',
      description: 'Choose the second one if the site uses “Plain” permalinks (Settings → Permalinks).',
      enum: ['pretty', 'plain'],
      'x-enum-titles': ['/wp-json/ (usual)', '/?rest_route= (plain permalinks)'],
      default: 'pretty',
    },
    post_status: {
      type: 'string',
      title: 'New posts are',
      description: 'For posts that do not say it themselves. Publishing needs the role Author or higher.',
      enum: ['draft', 'pending', 'publish', 'private'],
      'x-enum-titles': ['Drafts', 'Pending review', 'Published', 'Private'],
      default: 'draft',
    },
    categories: {
      type: 'array',
      title: 'Category IDs',
      description:
        'One number per line, for posts that name none. The number is tag_ID in the address when you edit a category.',
      items: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
      maxItems: 20,
      uniqueItems: true,
    },
    comment_status: {
      type: 'string',
      title: 'Comments',
      description: 'Leave unset to follow the site’s own setting.',
      enum: ['open', 'closed'],
      'x-enum-titles': ['Open', 'Closed'],
    },
    tls,
  },
  ['site_url'],
);
