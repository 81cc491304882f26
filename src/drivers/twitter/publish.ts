import {
  type ExecutionContext,
  type MediaLimit,
  type PublishCapability,
  type PublishContent,
  type Publisher,
  ServiceError,
  textWithLinks,
  type Values,
} from '../driver.ts';
import { ask, uploadMedia } from './client.ts';
import { me } from './health.ts';
import { split, weighted } from './text.ts';

const megabyte = 1024 * 1024;
/** https://docs.x.com/x-api/media/quickstart/best-practices; videos up to what the hub carries. */
const mediaLimits: MediaLimit[] = [
  {
    kind: 'image',
    types: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
    max_count: 4,
    max_bytes: 5 * megabyte,
  },
  { kind: 'video', types: ['video/mp4', 'video/quicktime'], max_count: 1, max_bytes: 10 * megabyte },
];

export const capability: PublishCapability = {
  text: true,
  html: false,
  markdown: false,
  title: 'none',
  max_title_length: null,
  max_length: 280,
  length_unit: 'weighted',
  threads: true,
  media: ['image', 'video'],
  media_limits: mediaLimits,
  mixed_media: false,
  tags: 'hashtags',
  max_tags: null,
  max_tag_length: null,
  canonical_url: 'link',
  schedule: false,
  draft: false,
  visibilities: ['public'],
};

const longest = (config: Values) => (config.long_posts === true ? 25_000 : 280);

async function partsOf(content: PublishContent, config: Values): Promise<string[]> {
  const text = textWithLinks(content);
  return content.thread ? split(text, longest(config)) : [text];
}

const urlOf = (id: string) => `https://x.com/i/web/status/${id}`;

export const publisher: Publisher = {
  limits: (config) => ({ ...capability, max_length: longest(config) }),
  preview: async (content, config) => {
    const parts = await partsOf(content, config);
    return { parts, length: Math.max(...(await Promise.all(parts.map(weighted)))) };
  },
  publish: async (context, content) => {
    const media: string[] = [];
    for (const file of content.media) media.push(await uploadMedia(context, file));
    const id = await postAll(context, await partsOf(content, context.config), media);
    return { externalId: id, url: urlOf(id), status: 'public' };
  },
  find: async (context, content) => {
    const { id } = await me(context);
    const answer = await ask(context, 'GET', `users/${id}/tweets?max_results=100&tweet.fields=entities,note_tweet`);
    const there = new Map(((answer.data ?? []) as Post[]).map((each) => [asWritten(each), each.id]));
    const parts = await partsOf(content, context.config);
    const ids = parts.flatMap((part) => there.get(oneSpace(part)) ?? []);
    if (!ids[0]) return null;
    if (ids.length < parts.length) throw broken(ids, parts.length);
    return { externalId: ids[0], url: urlOf(ids[0]), status: 'public' };
  },
};

/** Posts them as a thread, the media with the first; gives the first one's id. @throws ServiceError */
export async function postAll(context: ExecutionContext, parts: string[], media: string[] = []): Promise<string> {
  const ids: string[] = [];
  for (const text of parts) {
    const before = ids.at(-1);
    const posted = await post(
      context,
      text,
      before ? { reply: { in_reply_to_tweet_id: before } } : withMedia(media),
    ).catch((error: unknown) => {
      throw error instanceof ServiceError && ids.length ? broken(ids, parts.length, error) : error;
    });
    ids.push(posted);
  }
  return ids[0] ?? '';
}

const withMedia = (media: string[]) => (media.length ? { media: { media_ids: media } } : {});

async function post(context: ExecutionContext, text: string, more: Values): Promise<string> {
  const replies = context.config.reply_settings;
  const limited =
    typeof replies === 'string' && replies !== 'everyone' && !more.reply ? { reply_settings: replies } : {};
  const { data } = await ask(context, 'POST', 'tweets', { text, ...more, ...limited });
  const id = (data as Values | undefined)?.id;
  if (typeof id === 'string') return id;
  throw new ServiceError('service', 'X answered without saying what it posted. Look at the account.');
}

/** Nobody should repeat it as a whole. */
const broken = (ids: string[], total: number, error?: ServiceError) =>
  new ServiceError(
    'conflict',
    `The thread broke off after ${ids.length} of ${total} posts (${urlOf(ids[0] ?? '')}). Delete these before you try again. ${error?.message ?? ''}`.trim(),
    { status: error?.status, serviceCode: 'thread_incomplete', cause: error },
  );

interface Post {
  id: string;
  text: string;
  note_tweet?: { text: string };
  entities?: { urls?: { url: string; expanded_url?: string; media_key?: string }[] };
}

/** X replaces addresses by short ones, and adds one for media. */
function asWritten({ text, note_tweet, entities }: Post): string {
  let written = note_tweet?.text ?? text;
  for (const { url, expanded_url = '', media_key } of entities?.urls ?? [])
    written = written.replace(url, media_key ? '' : expanded_url);
  return oneSpace(written.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>'));
}

const oneSpace = (text: string) => text.replace(/\s+/g, ' ').trim();
