import { escapeHtml } from '../../lib/prose.ts';
import {
  type ExecutionContext,
  htmlOf,
  type Media,
  type PublishCapability,
  type PublishContent,
  type Publisher,
  readable,
  requestJson,
  ServiceError,
  type Values,
  type Visibility,
} from '../driver.ts';
import { described } from './described.ts';

/** https://github.com/Medium/medium-api-docs#33-posts */
export const capability: PublishCapability = {
  text: true,
  html: true,
  markdown: true,
  title: 'required',
  max_title_length: 100,
  max_length: null,
  length_unit: 'characters',
  threads: false,
  media: ['image'],
  media_limits: [
    {
      kind: 'image',
      types: ['image/jpeg', 'image/png', 'image/gif', 'image/tiff'],
      max_count: 20,
      max_bytes: 10 * 1024 * 1024,
    },
  ],
  mixed_media: false,
  tags: 'labels',
  max_tags: 3,
  max_tag_length: 25,
  canonical_url: 'field',
  schedule: false,
  draft: true,
  visibilities: ['public', 'unlisted', 'draft'],
};

const api = 'https://api.medium.com/v1';

export const publisher: Publisher = {
  preview: async (content) => {
    const text = await readable(content);
    return { parts: [content.title ? `${content.title}\n\n${text}` : text], length: text.length };
  },
  publish: async (context, content) => {
    const images: string[] = [];
    for (const file of content.media) images.push(figure(await upload(context, file), file.alt));
    const { publication_id: publication, publish_status, license, notify_followers } = context.config;
    const place = publication ? `publications/${publication}` : `users/${await ownId(context)}`;
    const story = await post(context, `${place}/posts`, {
      title: content.title,
      ...(await formatted(content, images)),
      tags: content.tags,
      ...(content.canonical_url && { canonicalUrl: content.canonical_url }),
      publishStatus: content.visibility ?? publish_status ?? 'draft',
      ...(license !== undefined && { license }),
      notifyFollowers: notify_followers === true,
    });
    const { id, url, publishStatus } = story;
    if (!id) throw new ServiceError('service', 'Medium answered without saying what it posted. Look at the account.');
    return { externalId: String(id), url: typeof url === 'string' ? url : null, status: publishStatus as Visibility };
  },
};

const ownId = async (context: ExecutionContext) => (await described.whoami?.(context))?.externalId;

/** What Medium says about a refusal. */
const said = (body: unknown) => (body as { errors?: { message?: string }[] } | undefined)?.errors?.[0]?.message;

const figure = (url: string, alt: string) => `<figure><img src="${escapeHtml(url)}" alt="${escapeHtml(alt)}"></figure>`;

/** The title of the call is only for lists: a story begins with its own. */
async function formatted(content: PublishContent, images: string[]) {
  const { title = '', markdown, html } = content;
  if (markdown && !html)
    return { contentFormat: 'markdown', content: [`# ${title}`, markdown, ...images].join('\n\n') };
  return {
    contentFormat: 'html',
    content: [`<h1>${escapeHtml(title)}</h1>`, await htmlOf(content), ...images].join('\n'),
  };
}

async function post(context: ExecutionContext, route: string, body: Values | FormData): Promise<Values> {
  const form = body instanceof FormData;
  const headers = {
    authorization: `Bearer ${context.auth.access_token}`,
    ...(!form && { 'content-type': 'application/json' }),
  };
  const init = { method: 'POST', headers, body: form ? body : JSON.stringify(body) };
  const answer = (await requestJson(context, `${api}/${route}`, init, said)) as { data?: Values } | undefined;
  return answer?.data ?? {};
}

async function upload(context: ExecutionContext, { data, type, name }: Media): Promise<string> {
  const form = new FormData();
  form.set('image', new Blob([data], { type }), name);
  const { url } = await post(context, 'images', form);
  if (typeof url === 'string') return url;
  throw new ServiceError('service', 'Medium did not say where the picture is. Try again later.');
}
