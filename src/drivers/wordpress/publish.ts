import { escapeHtml } from '../../lib/prose.ts';
import {
  type ExecutionContext,
  htmlOf,
  type Media,
  type MediaLimit,
  type PublishCapability,
  type PublishContent,
  type Published,
  type Publisher,
  readable,
  type Values,
  type Visibility,
} from '../driver.ts';
import { ask, send, upload } from './site.ts';

const megabyte = 1024 * 1024;
const limit = (kind: MediaLimit['kind'], ...types: string[]): MediaLimit => ({
  kind,
  types,
  max_count: 10,
  max_bytes: 10 * megabyte,
});

/** https://wordpress.org/documentation/article/accepted-file-types/; sites may take less. */
const mediaLimits = [
  limit('image', 'image/jpeg', 'image/png', 'image/gif', 'image/webp'),
  limit('video', 'video/mp4', 'video/quicktime', 'video/webm'),
  limit('document', 'application/pdf'),
];

export const capability: PublishCapability = {
  text: true,
  html: true,
  markdown: true,
  title: 'optional',
  max_title_length: null,
  max_length: null,
  length_unit: 'characters',
  threads: false,
  media: ['image', 'video', 'document'],
  media_limits: mediaLimits,
  mixed_media: true,
  tags: 'labels',
  max_tags: null,
  max_tag_length: 200,
  canonical_url: 'link',
  schedule: true,
  draft: true,
  visibilities: ['public', 'private', 'pending', 'draft'],
};

const statusOf: Partial<Record<Visibility, string>> = {
  public: 'publish',
  private: 'private',
  pending: 'pending',
  draft: 'draft',
};

/** How a post of this status appears. */
const shown = (status: unknown): Visibility =>
  (Object.entries(statusOf).find(([, each]) => each === status)?.[0] as Visibility | undefined) ?? 'draft';

const published = ({ id, link, status }: Values): Published => ({
  externalId: String(id),
  url: typeof link === 'string' ? link : null,
  status: shown(status),
});

/** Sites keep comments in a post's source, and show them to nobody. */
const comment = (mark: string) => `<!-- patchbay ${mark} -->`;

export const publisher: Publisher = {
  preview: async (content) => {
    const text = await readable(content);
    return { parts: [content.title ? `${content.title}\n\n${text}` : text], length: text.length };
  },
  publish: async (context, content, mark) => {
    const uploaded: { file: Media; id: number; url: string }[] = [];
    for (const file of content.media) uploaded.push({ file, ...(await upload(context, file)) });
    const tags = await tagIds(context, content.tags);
    const [first, ...others] = uploaded.filter(({ file }) => file.kind === 'image');
    const below = [...others, ...uploaded.filter(({ file }) => file.kind !== 'image')];
    const { config } = context;
    const post = await send(context, 'posts', {
      ...(content.title && { title: content.title }),
      content: [await htmlOf(content), ...below.map(figureOf), originalOf(content), comment(mark)]
        .filter(Boolean)
        .join('\n'),
      status: content.visibility ? statusOf[content.visibility] : (config.post_status ?? 'draft'),
      ...(first && { featured_media: first.id }),
      ...(tags.length > 0 && { tags }),
      ...(Array.isArray(config.categories) && config.categories.length > 0 && { categories: config.categories }),
      ...(config.comment_status !== undefined && { comment_status: config.comment_status }),
    });
    return published(post);
  },
  find: async (context, _content, mark) => {
    const query = { context: 'edit', per_page: '50', orderby: 'id', status: 'publish,future,draft,pending,private' };
    const posts = await ask(context, 'posts', query);
    const found = (Array.isArray(posts) ? posts : []).find(({ content }: { content?: { raw?: string } }) =>
      content?.raw?.includes(comment(mark)),
    );
    return found ? published(found) : null;
  },
};

function figureOf({ file, url }: { file: Media; url: string }): string {
  const at = escapeHtml(url);
  if (file.kind === 'image') return `<figure><img src="${at}" alt="${escapeHtml(file.alt)}"></figure>`;
  if (file.kind === 'video') return `<figure><video controls src="${at}"></video></figure>`;
  return `<p><a href="${at}">${escapeHtml(file.alt || file.name)}</a></p>`;
}

/** WordPress itself has no field for it. */
const originalOf = ({ canonical_url: at }: PublishContent) =>
  at ? `<p><a rel="canonical" href="${escapeHtml(at)}">${escapeHtml(at)}</a></p>` : '';

/** Posts name tags by number; those that are not there yet are made. */
async function tagIds(context: ExecutionContext, names: string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const name of names) {
    const known = (await ask(context, 'tags', { search: name, per_page: '100' })) as unknown as {
      id: number;
      name: string;
    }[];
    const same = known.find((tag) => tag.name.toLowerCase() === name.toLowerCase());
    ids.push(same?.id ?? Number((await send(context, 'tags', { name })).id));
  }
  return ids;
}
