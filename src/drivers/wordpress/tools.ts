import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { object, type Tool, type Values } from '../driver.ts';
import { ask, remove, send, upload } from './site.ts';

const id: JsonSchema = { type: 'integer', title: 'Post', description: 'Its number.', minimum: 1 };
const text = (title: string, description: string, maxLength: number): JsonSchema => ({
  type: 'string',
  title,
  description,
  maxLength,
  ...(maxLength > 1_000 && { 'x-multiline': true }),
});
const fields = {
  title: text('Title', 'Plain text.', 500),
  content: text('Content', 'HTML.', 200_000),
  excerpt: text('Excerpt', 'A summary for lists.', 5_000),
  status: { type: 'string', title: 'Status', enum: ['draft', 'pending', 'publish', 'private', 'future'] },
  date_gmt: text('Date', 'In UTC, e.g. 2026-12-24T18:00:00; in the future with the status “future”.', 30),
} satisfies Record<string, JsonSchema>;
const post: JsonSchema = { type: 'object', properties: { id: { type: 'integer' }, link: { type: 'string' } } };

const shown = ({ id: number, link, status, title, date_gmt }: Values): Values => ({
  id: number,
  link,
  status,
  title: (title as { raw?: string; rendered?: string } | undefined)?.raw ?? (title as { rendered?: string })?.rendered,
  date_gmt,
});

export const tools: Tool[] = [
  {
    slug: 'list_posts',
    title: 'List posts',
    description: 'Lists the site’s posts, newest first, drafts too where the user may edit them.',
    input: object({
      search: text('Search', 'Words in title or text.', 200),
      status: {
        type: 'string',
        title: 'Status',
        enum: ['publish', 'future', 'draft', 'pending', 'private'],
        default: 'publish',
      },
      page: { type: 'integer', title: 'Page', minimum: 1, maximum: 1000, default: 1 },
      per_page: { type: 'integer', title: 'Per page', minimum: 1, maximum: 100, default: 20 },
    }),
    output: object({ items: { type: 'array', items: post } }, ['items']),
    sideEffect: 'none',
    run: async (context, input) => {
      const query = Object.entries(input).map(([name, value]) => [name, String(value)]);
      const posts = await ask(context, 'posts', { context: 'edit', ...Object.fromEntries(query) });
      return { items: (posts as unknown as Values[]).map(shown) };
    },
  },
  {
    slug: 'create_post',
    title: 'Create a post',
    description: 'Writes a post; a draft unless a status is named.',
    input: object(fields, ['content']),
    output: post,
    sideEffect: 'write',
    adds: true,
    run: async (context, input) => {
      const status = input.status ?? context.config.post_status ?? 'draft';
      return shown(await send(context, 'posts', { ...input, status }));
    },
  },
  {
    slug: 'update_post',
    title: 'Change a post',
    description: 'Changes the fields that are given, and leaves the others.',
    input: object({ id, ...fields }, ['id']),
    output: post,
    sideEffect: 'idempotent',
    run: async (context, { id: number, ...values }) => shown(await send(context, `posts/${number}`, values)),
  },
  {
    slug: 'delete_post',
    title: 'Delete a post',
    description: 'Puts a post into the trash, or deletes it for good.',
    input: object({ id, force: { type: 'boolean', title: 'For good', default: false } }, ['id']),
    output: object({ deleted: { type: 'boolean' }, trashed: { type: 'boolean' } }, ['deleted', 'trashed']),
    sideEffect: 'idempotent',
    run: async (context, { id: number, force }) => {
      const answer = await remove(context, `posts/${number}`, force === true);
      return { deleted: answer.deleted === true, trashed: answer.status === 'trash' };
    },
  },
  {
    slug: 'upload_media',
    title: 'Upload media',
    description: 'Puts a file into the media library.',
    input: object(
      {
        name: { type: 'string', title: 'File name', minLength: 1, maxLength: 200, pattern: '^[\\w. -]+$' },
        type: {
          type: 'string',
          title: 'Type',
          enum: ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'video/mp4', 'application/pdf'],
        },
        data: { type: 'string', title: 'File', description: 'Base64.', minLength: 4, maxLength: 14_000_000 },
        alt: text('Description', 'For people who do not see it.', 1000),
      },
      ['name', 'type', 'data'],
    ),
    output: object({ id: { type: 'integer' }, url: { type: 'string' } }, ['id', 'url']),
    sideEffect: 'write',
    adds: true,
    run: async (context, { name, type, data, alt }) => {
      const bytes = new Uint8Array(Buffer.from(String(data), 'base64'));
      return upload(context, { name: String(name), type: String(type), alt: String(alt ?? ''), data: bytes });
    },
  },
];
