import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { object, type Tool, type Visibility } from '../driver.ts';
import { ask } from './client.ts';
import { publisher } from './publish.ts';

const string: JsonSchema = { type: 'string' };

export const tools: Tool[] = [
  {
    slug: 'create_post',
    title: 'Create a post',
    description: 'Posts text on LinkedIn as the member, or as the company page of the settings.',
    input: object(
      {
        text: {
          type: 'string',
          title: 'Text',
          description: 'Plain text.',
          minLength: 1,
          maxLength: 3000,
          'x-multiline': true,
        },
        visibility: { type: 'string', title: 'Visibility', enum: ['public', 'members', 'connections'] },
      },
      ['text'],
    ),
    output: object({ id: string, url: string }, ['id', 'url']),
    sideEffect: 'write',
    adds: true,
    scopes: [['w_member_social', 'w_organization_social']],
    run: async (context, { text, visibility }) => {
      const content = { text: String(text), media: [], tags: [], visibility: visibility as Visibility | undefined };
      const { externalId, url } = await publisher.publish(context, content, context.executionId);
      return { id: externalId, url };
    },
  },
  {
    slug: 'delete_post',
    title: 'Delete a post',
    description: 'Deletes one post for good.',
    input: object(
      {
        id: {
          type: 'string',
          title: 'Post',
          description: 'Its URN, e.g. urn:li:share:7000000000000000000.',
          maxLength: 100,
          pattern: '^urn:li:(share|ugcPost):[0-9]+$',
        },
      },
      ['id'],
    ),
    output: object({ deleted: { type: 'boolean' } }, ['deleted']),
    sideEffect: 'idempotent',
    scopes: [['w_member_social', 'w_organization_social']],
    run: async (context, { id }) => {
      await ask(context, 'DELETE', `posts/${encodeURIComponent(String(id))}`);
      return { deleted: true };
    },
  },
];
