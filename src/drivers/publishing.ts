import { htmlToText, markdownToHtml, textToHtml } from '../lib/prose.ts';
import type { ExecutionContext } from './execution.ts';

type Values = Record<string, unknown>;

export const mediaKinds = ['image', 'video', 'document'] as const;
export type MediaKind = (typeof mediaKinds)[number];

/** Who may see a post; each service takes some of these. */
export const visibilities = ['public', 'members', 'connections', 'unlisted', 'private', 'pending', 'draft'] as const;
export type Visibility = (typeof visibilities)[number];

/** What one kind of media may be. */
export interface MediaLimit {
  kind: MediaKind;
  /** MIME types. */
  types: string[];
  /** In one post. */
  max_count: number;
  /** Of one file. */
  max_bytes: number;
}

/** What a publishing service accepts; a broadcaster plans with it (docs/publishing.md). */
export interface PublishCapability {
  text: boolean;
  /** It shows formatted text; elsewhere only `text` is used. */
  html: boolean;
  markdown: boolean;
  title: 'required' | 'optional' | 'none';
  max_title_length: number | null;
  /** Of what is posted in the end; null where the service names none. */
  max_length: number | null;
  /** `weighted`: as X counts, where addresses are 23 long and many scripts and emoji count twice (twitter-text). */
  length_unit: 'characters' | 'weighted';
  /** A longer text may go out as several posts that answer each other, when `content.thread` says so. */
  threads: boolean;
  /** The kinds of `media_limits`. */
  media: MediaKind[];
  media_limits: MediaLimit[];
  /** Several kinds in one post. */
  mixed_media: boolean;
  /** `labels` are kept beside the post, `hashtags` are written below the text and count. */
  tags: 'labels' | 'hashtags' | 'none';
  max_tags: number | null;
  max_tag_length: number | null;
  /** `field`: the service knows it; `link`: it is written below the text and counts. */
  canonical_url: 'field' | 'link';
  /** The service can keep a post until its time. The hub can for all of them. */
  schedule: boolean;
  draft: boolean;
  visibilities: Visibility[];
}

export interface MediaAbout {
  kind: MediaKind;
  /** MIME type. */
  type: string;
  bytes: number;
  name: string;
  /** For people who do not see it. */
  alt: string;
}

export interface Media extends MediaAbout {
  data: Uint8Array<ArrayBuffer>;
}

/** One content for all services; `text` is what those without formatting post. */
export interface PublishContent<M extends MediaAbout = MediaAbout> {
  title?: string;
  text: string;
  html?: string;
  markdown?: string;
  media: M[];
  tags: string[];
  canonical_url?: string;
  visibility?: Visibility;
  thread?: boolean;
}

export interface Published {
  externalId: string;
  /** Where people see it; null where the service does not tell. */
  url: string | null;
  /** How it appears there. */
  status: Visibility;
}

/** Sentences by the field of the content that they are about, e.g. `text` or `media.0`. */
export type Problems = Record<string, string[]>;

/** What would appear at the service. */
export interface Preview {
  /** The posts, more than one for a thread. */
  parts: string[];
  /** As the service counts it, of the longest part. */
  length: number;
}

export interface Publisher {
  /** The limits under these settings, where settings move them. */
  limits?(config: Values): PublishCapability;
  /** Without asking anybody. */
  preview(content: PublishContent, config: Values): Promise<Preview>;
  /** What the service would refuse beyond the limits. */
  check?(content: PublishContent, config: Values): Problems;
  /**
   * Publishes once; nothing in it is repeated by the hub.
   * @param mark tells this post from all others; `find` gets the same
   * @throws ServiceError
   */
  publish(context: ExecutionContext, content: PublishContent<Media>, mark: string): Promise<Published>;
  /**
   * Looks whether it was published after all; for an attempt whose answer was lost. Null is sure: then it is published again.
   * @throws ServiceError
   */
  find?(context: ExecutionContext, content: PublishContent, mark: string): Promise<Published | null>;
}

/** What is formatted, or made of what is there. */
export async function htmlOf({ html, markdown, text }: PublishContent): Promise<string> {
  if (html) return html;
  return markdown ? markdownToHtml(markdown) : textToHtml(text);
}

/** The same as a reader would see it. */
export const readable = async (content: PublishContent): Promise<string> =>
  content.html || content.markdown ? htmlToText(await htmlOf(content)) : content.text.trim();

/** The text with what services without such fields carry in it: the address of the original, unless it stands there, and the tags. */
export function textWithLinks(
  { text, canonical_url, tags }: PublishContent,
  hashtag = (tag: string) => `#${tag}`,
): string {
  const link = canonical_url && !text.includes(canonical_url) ? [canonical_url] : [];
  const words = tags.map((tag) => hashtag(tag.replace(/[^\p{L}\p{N}_]/gu, ''))).join(' ');
  return [text.trim(), ...link, ...(words ? [words] : [])].join('\n\n');
}

/** All that the limits do not allow. */
export function problemsOf(limits: PublishCapability, content: PublishContent, { parts, length }: Preview): Problems {
  const problems: Problems = {};
  const add = (field: string, problem: string | false | undefined) => {
    if (problem) problems[field] = [...(problems[field] ?? []), problem];
  };
  const { max_length: max, length_unit: unit } = limits;
  add('text', !parts.some((part) => part.trim()) && 'Enter text.');
  const more = limits.threads && !content.thread ? ' Shorten it, or let it go out as a thread.' : ' Shorten it.';
  add(
    'text',
    max !== null &&
      length > max &&
      `${figure(length)} ${unit === 'weighted' ? 'weighted ' : ''}characters are too many; ${figure(max)} fit.${more}`,
  );
  add('title', limits.title === 'required' && !content.title?.trim() && 'Enter a title.');
  const longest = limits.max_title_length;
  add(
    'title',
    longest !== null && (content.title?.length ?? 0) > longest && `At most ${figure(longest)} characters fit.`,
  );
  add(
    'tags',
    limits.max_tags !== null && content.tags.length > limits.max_tags && `At most ${limits.max_tags} tags are taken.`,
  );
  for (const [index, tag] of content.tags.entries())
    add(
      `tags.${index}`,
      limits.max_tag_length !== null &&
        tag.length > limits.max_tag_length &&
        `At most ${limits.max_tag_length} characters fit.`,
    );
  const { visibility } = content;
  add(
    'visibility',
    visibility &&
      !limits.visibilities.includes(visibility) &&
      `“${visibility}” is not offered; choose one of: ${limits.visibilities.join(', ')}.`,
  );
  addMediaProblems(limits, content.media, add);
  return problems;
}

function addMediaProblems(
  { media_limits, mixed_media }: PublishCapability,
  media: MediaAbout[],
  add: (field: string, problem: string | false) => void,
) {
  const counts = new Map<MediaKind, number>();
  for (const [index, { kind, type, bytes }] of media.entries()) {
    const limit = media_limits.find((each) => each.kind === kind);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const at = `media.${index}`;
    add(at, !limit?.types.includes(type) && `Files of type ${type} are not taken.`);
    if (!limit) continue;
    add(at, count > limit.max_count && `At most ${limit.max_count} of kind “${kind}” are taken.`);
    add(at, bytes > limit.max_bytes && `The file has ${megabytes(bytes)}; ${megabytes(limit.max_bytes)} are taken.`);
  }
  add('media', !mixed_media && counts.size > 1 && 'Only one kind of media fits in one post.');
}

const figure = (n: number) => n.toLocaleString('en-US');
const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
