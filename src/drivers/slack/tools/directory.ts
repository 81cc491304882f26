import type { Tool } from '../../driver.ts';
import { withSlack } from '../client.ts';
import { cursor, input, limit, open, pick } from './shapes.ts';

const list = open({
  items: { type: 'array', items: { type: 'object' } },
  next_cursor: { type: ['string', 'null'] } as never,
});

interface Paged {
  response_metadata?: { next_cursor?: string };
}
const nextOf = ({ response_metadata }: Paged) => response_metadata?.next_cursor || null;
const paging = (given: Record<string, unknown>) => ({
  limit: Number(given.limit ?? 100),
  ...(given.cursor ? { cursor: String(given.cursor) } : {}),
});

export const directoryTools: Tool[] = [
  {
    slug: 'auth_test',
    title: 'Who is connected',
    description: 'Tells the workspace and the user that the token belongs to.',
    input: input({}),
    output: open({ team: { type: 'string' }, user: { type: 'string' } }),
    sideEffect: 'none',
    run: async (context) =>
      pick(
        await withSlack(context, (slack) => slack.auth.test()),
        'team',
        'team_id',
        'user',
        'user_id',
        'bot_id',
        'url',
      ),
  },
  {
    slug: 'list_channels',
    title: 'List channels',
    description: 'Lists the channels that the app can see, without archived ones.',
    input: input({
      types: {
        type: 'string',
        title: 'Kinds',
        enum: ['public_channel', 'public_channel,private_channel'],
        'x-enum-titles': ['Public', 'Public and private'],
        default: 'public_channel',
      },
      limit,
      cursor,
    }),
    output: list,
    sideEffect: 'none',
    scopes: [['channels:read']],
    run: async (context, given) => {
      const types = String(given.types ?? 'public_channel');
      const answer = await withSlack(context, (slack) =>
        slack.conversations.list({ types, exclude_archived: true, ...paging(given) }),
      );
      const items = (answer.channels ?? []).map((each) =>
        pick(each, 'id', 'name', 'is_private', 'is_member', 'num_members'),
      );
      return { items, next_cursor: nextOf(answer) };
    },
  },
  {
    slug: 'list_users',
    title: 'List people',
    description: 'Lists the people of the workspace, without those who were deactivated.',
    input: input({ limit, cursor }),
    output: list,
    sideEffect: 'none',
    scopes: [['users:read']],
    run: async (context, given) => {
      const answer = await withSlack(context, (slack) => slack.users.list(paging(given)));
      const items = (answer.members ?? [])
        .filter(({ deleted }) => !deleted)
        .map((each) => pick(each, 'id', 'name', 'real_name', 'is_bot', 'tz'));
      return { items, next_cursor: nextOf(answer) };
    },
  },
];
