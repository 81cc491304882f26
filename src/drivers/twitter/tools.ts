import { object, ServiceError, type Tool, type Values } from '../driver.ts';
import { ask, uploadMedia } from './client.ts';
import { postAll } from './publish.ts';
import { split, weighted } from './text.ts';

const string = { type: 'string' as const };
const scopes = [['tweet.write']];
const longest = (config: Values) => (config.long_posts === true ? 25_000 : 280);
const mediaIds = {
  type: 'array' as const,
  title: 'Media',
  description: 'Ids that upload_media gave.',
  maxItems: 4,
  items: { type: 'string' as const, pattern: '^[0-9]{1,20}$' },
};

export const tools: Tool[] = [
  {
    slug: 'create_post',
    title: 'Create a post',
    description: 'Posts a text on X, as an answer to another post if one is named.',
    input: object(
      {
        text: {
          ...string,
          title: 'Text',
          description: '280 weighted characters; 25,000 with X Premium.',
          minLength: 1,
          maxLength: 25_000,
          'x-multiline': true,
        },
        reply_to: { ...string, title: 'Answer to', description: 'The id of a post.', pattern: '^[0-9]{1,20}$' },
        media_ids: mediaIds,
      },
      ['text'],
    ),
    output: object({ id: string, url: string }, ['id', 'url']),
    sideEffect: 'write',
    adds: true,
    scopes,
    run: async (context, { text, reply_to, media_ids }) => {
      const length = await weighted(String(text));
      const max = longest(context.config);
      if (length > max)
        throw new ServiceError('input', `${length} weighted characters are too many; ${max} fit.`, { field: 'text' });
      const { data } = await ask(context, 'POST', 'tweets', {
        text,
        ...(reply_to !== undefined && { reply: { in_reply_to_tweet_id: reply_to } }),
        ...(Array.isArray(media_ids) && media_ids.length > 0 && { media: { media_ids } }),
      });
      return shown(String((data as Values).id));
    },
  },
  {
    slug: 'create_thread',
    title: 'Create a thread',
    description: 'Posts a long text as a thread, cut at the ends of sentences.',
    input: object({ text: { ...string, title: 'Text', minLength: 1, maxLength: 25_000, 'x-multiline': true } }, [
      'text',
    ]),
    output: object({ id: string, url: string, posts: { type: 'integer' } }, ['id', 'url', 'posts']),
    sideEffect: 'write',
    adds: true,
    scopes,
    run: async (context, { text }) => {
      const parts = await split(String(text), longest(context.config));
      return { ...shown(await postAll(context, parts)), posts: parts.length };
    },
  },
  {
    slug: 'delete_post',
    title: 'Delete a post',
    description: 'Deletes one of the account’s own posts for good.',
    input: object({ id: { ...string, title: 'Post', description: 'Its id.', pattern: '^[0-9]{1,20}$' } }, ['id']),
    output: object({ deleted: { type: 'boolean' } }, ['deleted']),
    sideEffect: 'idempotent',
    scopes,
    run: async (context, { id }) => {
      const { data } = await ask(context, 'DELETE', `tweets/${id}`);
      return { deleted: (data as Values).deleted === true };
    },
  },
  {
    slug: 'upload_media',
    title: 'Upload media',
    description: 'Uploads a picture for posts to come; X forgets it after a day when no post uses it.',
    input: object(
      {
        type: { ...string, title: 'Type', enum: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] },
        data: {
          ...string,
          title: 'File',
          description: 'Base64.',
          minLength: 4,
          maxLength: 7_000_000,
          contentEncoding: 'base64',
        },
        alt: { ...string, title: 'Description', description: 'For people who do not see it.', maxLength: 1000 },
      },
      ['type', 'data'],
    ),
    output: object({ media_id: string }, ['media_id']),
    sideEffect: 'write',
    adds: true,
    scopes: [['media.write']],
    run: async (context, { type, data, alt }) => {
      const bytes = new Uint8Array(Buffer.from(String(data), 'base64'));
      const file = {
        kind: 'image' as const,
        type: String(type),
        name: 'image',
        alt: String(alt ?? ''),
        bytes: bytes.length,
        data: bytes,
      };
      return { media_id: await uploadMedia(context, file) };
    },
  },
];

const shown = (id: string) => ({ id, url: `https://x.com/i/web/status/${id}` });
