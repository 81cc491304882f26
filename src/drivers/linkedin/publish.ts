import {
  type ExecutionContext,
  type Media,
  type MediaLimit,
  type PublishCapability,
  type PublishContent,
  type Publisher,
  ServiceError,
  textWithLinks,
  type Values,
  type Visibility,
} from '../driver.ts';
import { ask, bearer } from './client.ts';
import { me } from './health.ts';

const megabyte = 1024 * 1024;
const mediaLimits: MediaLimit[] = [
  { kind: 'image', types: ['image/jpeg', 'image/png', 'image/gif'], max_count: 20, max_bytes: 10 * megabyte },
  { kind: 'document', types: ['application/pdf'], max_count: 1, max_bytes: 10 * megabyte },
];

export const capability: PublishCapability = {
  text: true,
  html: false,
  markdown: false,
  title: 'optional',
  max_title_length: 400,
  max_length: 3000,
  length_unit: 'characters',
  threads: false,
  media: ['image', 'document'],
  media_limits: mediaLimits,
  mixed_media: false,
  tags: 'hashtags',
  max_tags: null,
  max_tag_length: null,
  canonical_url: 'link',
  schedule: false,
  draft: false,
  visibilities: ['public', 'members', 'connections'],
};

/** As LinkedIn calls it. */
const named: Partial<Record<Visibility, string>> = {
  public: 'PUBLIC',
  members: 'LOGGED_IN',
  connections: 'CONNECTIONS',
};

export const publisher: Publisher = {
  // Pages can only post to everyone.
  limits: (config) => (config.organization_id ? { ...capability, visibilities: ['public'] } : capability),
  preview: async (content) => {
    const text = textWithLinks(content);
    return { parts: [text], length: text.length };
  },
  publish: async (context, content) => {
    const author = await authorOf(context);
    const media: { urn: string; file: Media }[] = [];
    for (const file of content.media) media.push({ urn: await upload(context, author, file), file });
    const { config } = context;
    const visibility = content.visibility ? named[content.visibility] : (config.visibility ?? 'PUBLIC');
    const { headers } = await ask(context, 'POST', 'posts', {
      author,
      commentary: commentary(content),
      visibility,
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      ...(media.length > 0 && { content: attached(media, content) }),
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: config.disable_reshare === true,
    });
    const id = headers.get('x-restli-id');
    if (!id) throw new ServiceError('service', 'LinkedIn answered without saying what it posted. Look at the account.');
    const shown = (Object.entries(named).find(([, each]) => each === visibility)?.[0] ?? 'public') as Visibility;
    return { externalId: id, url: `https://www.linkedin.com/feed/update/${id}/`, status: shown };
  },
};

async function authorOf(context: ExecutionContext): Promise<string> {
  const { organization_id: page } = context.config;
  return page ? `urn:li:organization:${page}` : `urn:li:person:${(await me(context)).sub}`;
}

/**
 * “Little text”: LinkedIn silently cuts a post off at the first of these signs that is not escaped.
 * https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format
 */
const escapeLittleText = (text: string): string => text.replace(/[\\|{}@[\]()<>#*_~]/g, '\\$&');

/** Hashtags are templates in it. */
function commentary(content: PublishContent): string {
  const text = escapeLittleText(textWithLinks({ ...content, tags: [] }));
  const tags = textWithLinks(
    { text: '', media: [], tags: content.tags },
    (tag) => `{hashtag|\\#|${escapeLittleText(tag)}}`,
  );
  return [text, tags.trim()].filter(Boolean).join('\n\n');
}

function attached(media: { urn: string; file: Media }[], { title }: PublishContent): Values {
  const [first, ...others] = media.map(({ urn, file }) => ({ id: urn, altText: file.alt.slice(0, 4000), file }));
  if (first?.file.kind === 'document') return { media: { id: first.id, title: title || first.file.name } };
  const images = [first, ...others].map((each) => ({ id: each?.id, altText: each?.altText }));
  return images.length > 1 ? { multiImage: { images } } : { media: images[0] };
}

/** https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api, and documents-api beside it */
async function upload(context: ExecutionContext, owner: string, { kind, data, type }: Media): Promise<string> {
  const request = { initializeUploadRequest: { owner } };
  const { body } = await ask(context, 'POST', `${kind}s?action=initializeUpload`, request);
  const { uploadUrl, [kind]: urn } = ((body as Values)?.value ?? {}) as Values;
  if (typeof uploadUrl !== 'string' || typeof urn !== 'string')
    throw new ServiceError('service', 'LinkedIn did not say where the file goes. Try again later.');
  const { fetch, signal } = context;
  const answer = await fetch(uploadUrl, {
    method: 'PUT',
    headers: { ...bearer(context), 'content-type': type },
    body: data,
    signal,
  });
  await answer.body?.cancel();
  if (!answer.ok)
    throw new ServiceError('service', `LinkedIn did not take the file (HTTP ${answer.status}).`, {
      status: answer.status,
    });
  return urn;
}
