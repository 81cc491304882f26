import type { Context } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { PublishCapability } from '../../drivers/driver.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { type Planned, plan } from '../../services/publishing/post-plans.ts';
import { cancelPost, listPosts, type Post, publish, retryPost } from '../../services/publishing/posts.ts';
import { getPublishTargets, type PublishTarget } from '../../services/publishing/publish-targets.ts';
import { exampleId } from '../api/components.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { nextPage } from '../next-page.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import type { Composer, PostView, PreviewView } from '../view-models/publish.ts';

const member = { role: 'member' } as const;
const fields = { text: 'Hello from the hub.', targets: exampleId };

export const publishPages = (tools: PageTools): PageRoute[] => [
  page({ ...member, method: 'get', path: paths.publish, audit: null, example: {} }, (ctx, c) =>
    shown(tools, ctx, c, {}),
  ),
  page(
    { ...member, method: 'post', path: paths.publishPreview, audit: null, example: { form: fields } },
    async (ctx, c) => {
      const sent = sentIn(await c.req.formData());
      return tools.html(c, 'publish/_previews', { previews: await previewsOf(ctx, sent) });
    },
  ),
  page(
    { ...member, method: 'post', path: paths.publish, audit: 'post.created', example: { form: fields } },
    async (ctx, c) => {
      const form = await c.req.formData();
      const sent = sentIn(form);
      if (form.get('intent') === 'preview')
        return shown(tools, ctx, c, { sent, previews: await previewsOf(ctx, sent) });
      try {
        const { scheduledAt } = await publish(ctx, { ...inputOf(sent), id: reservedId(form.get('id')) });
        const text = scheduledAt ? 'is published at its time.' : 'is being published.';
        leaveNotice(c, tools.hub, { tone: 'ok', name: 'Your post', text });
        return tools.redirect(c, paths.publish);
      } catch (error) {
        if (!(error instanceof AppError) || !error.errors) throw error;
        return shown(tools, ctx, c, { sent, errors: error.errors, previews: await previewsOf(ctx, sent) });
      }
    },
  ),
  page(
    { ...member, method: 'delete', path: paths.post(':id'), audit: 'post.cancelled', example: {} },
    async (ctx, c) => {
      await cancelPost(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name: 'Your post', text: 'is cancelled where it had not begun.' });
      return tools.redirect(c, paths.publish);
    },
  ),
  page(
    { ...member, method: 'post', path: paths.postRetries(':id'), audit: 'post.retried', example: {} },
    async (ctx, c) => {
      await retryPost(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name: 'Your post', text: 'is tried again where it failed.' });
      return tools.redirect(c, paths.publish);
    },
  ),
];

interface Sent {
  targets: string[];
  values: Record<(typeof names)[number], string>;
  thread: boolean;
}

const names = ['title', 'text', 'tags', 'canonical_url', 'media_url', 'media_alt', 'scheduled_at'] as const;

function sentIn(form: FormData): Sent {
  const values = Object.fromEntries(names.map((name) => [name, String(form.get(name) ?? '').trim()]));
  return {
    targets: form.getAll('targets').map(String),
    values: values as Sent['values'],
    thread: form.get('thread') === 'on',
  };
}

const inputOf = ({ targets, values, thread }: Sent) => ({
  targets,
  content: {
    ...(values.title && { title: values.title }),
    text: values.text.replaceAll('\r\n', '\n'),
    tags: values.tags.split(',').flatMap((tag) => tag.trim() || []),
    media: values.media_url ? [{ url: values.media_url, alt: values.media_alt }] : [],
    ...(values.canonical_url && { canonical_url: values.canonical_url }),
    thread,
  },
  // What the field gives has no zone; the page says that it is UTC.
  scheduledAt: values.scheduled_at ? new Date(`${values.scheduled_at}Z`) : null,
});

/** Without files: they are read when it is published. */
async function previewsOf(ctx: Ctx, sent: Sent): Promise<PreviewView[]> {
  const { content, targets } = inputOf(sent);
  const { plans } = await plan(ctx, { targets, content: { ...content, media: [] } });
  return plans.map(previewOf);
}

const previewOf = ({ name, capability, preview, problems }: Planned): PreviewView => ({
  name: name || 'A target',
  length: preview && capability ? lengthOf(preview.length, capability) : '',
  parts: preview?.parts ?? [],
  problems: Object.values(problems).flat(),
});

const lengthOf = (length: number, { max_length: max, length_unit: unit }: PublishCapability) =>
  `${length.toLocaleString('en-US')}${max === null ? '' : ` of ${max.toLocaleString('en-US')}`}${unit === 'weighted' ? ' weighted' : ''} characters`;

interface Shown {
  sent?: Sent;
  errors?: FieldErrors;
  previews?: PreviewView[];
}

const unsent = (): Sent => ({
  targets: [],
  values: Object.fromEntries(names.map((name) => [name, ''])) as Sent['values'],
  thread: false,
});

async function shown(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  { sent = unsent(), errors = {}, previews = [] }: Shown,
): Promise<Response> {
  const { data } = await getPublishTargets(ctx, { limit: 200 });
  const cursor = c.req.method === 'GET' ? c.req.query('cursor') : undefined;
  const list = await listPosts(ctx, { limit: 20, cursor });
  const composer = {
    ...{ id: uuidv7(), tenantId: ctx.tenantId, values: sent.values, thread: sent.thread },
    fields: fieldsOf(sent),
    problems: Object.entries(errors).map(([field, messages]) => ({
      target: data.find(({ id }) => id === sent.targets[Number(/^targets\.(\d+)/.exec(field)?.[1] ?? -1)])?.name ?? '',
      text: messages.join(' '),
    })),
    targets: data.map((target) => ({
      id: target.id,
      name: target.name,
      service: ctx.hub.drivers.get(target.catalogKey)?.entry.name ?? '',
      chosen: sent.targets.includes(target.id),
      limits: limitsOf(target),
      notReady: target.reason ? notReady[target.reason] : '',
    })),
  };
  const shell = await tools.shell(c, ctx, { title: 'Publish', tab: 'publish' });
  const next = list.nextCursor && nextPage(c, paths.publish, list.nextCursor);
  const model = { composer, previews, posts: list.data.map(postView), next };
  return tools.html(c, 'publish/index', { shell, publish: model }, Object.keys(errors).length ? 422 : 200);
}

const fieldsOf = ({ values }: Sent): Composer['fields'] => [
  { name: 'tags', label: 'Tags', help: 'With commas between.', type: 'text', value: values.tags },
  {
    name: 'media_url',
    label: 'Picture or file',
    help: 'Its address; it is read when you publish.',
    type: 'url',
    value: values.media_url,
  },
  {
    name: 'media_alt',
    label: 'What it shows',
    help: 'For people who do not see it.',
    type: 'text',
    value: values.media_alt,
  },
  { name: 'canonical_url', label: 'Address of the original', help: '', type: 'url', value: values.canonical_url },
  {
    name: 'scheduled_at',
    label: 'When',
    help: 'In UTC; at once when left empty.',
    type: 'datetime-local',
    value: values.scheduled_at,
  },
];

const notReady: Record<NonNullable<PublishTarget['reason']>, string> = {
  not_connected: 'no account is connected',
  not_checked: 'not checked yet',
  unhealthy: 'its last check failed',
  error: 'it needs attention',
};

function limitsOf({ capabilities: { max_length: max, length_unit: unit, media, title } }: PublishTarget): string {
  const length =
    max === null ? 'any length' : `${max.toLocaleString('en-US')}${unit === 'weighted' ? ' weighted' : ''} characters`;
  return [
    length,
    ...(title === 'required' ? ['needs a title'] : []),
    `takes ${media.map((kind) => `${kind}s`).join(', ')}`,
  ].join('; ');
}

const words: Record<Post['status'] | Post['targets'][number]['status'], [string, PostView['tone']]> = {
  scheduled: ['Scheduled', ''],
  waiting: ['Waiting', ''],
  publishing: ['Publishing', ''],
  published: ['Published', 'ok'],
  partly_published: ['Partly published', 'bad'],
  failed: ['Failed', 'bad'],
  outcome_unknown: ['Outcome unknown', 'bad'],
  cancelled: ['Cancelled', ''],
};

function postView(post: Post): PostView {
  const [status, tone] = words[post.status];
  return {
    ...{ id: post.id, status, tone, at: post.scheduledAt ?? post.createdAt, by: post.createdByName ?? '' },
    title: String(post.content.title || post.content.text).slice(0, 120),
    canCancel: post.targets.some((each) => each.status === 'waiting'),
    canRetry: post.targets.some((each) => each.status === 'failed'),
    targets: post.targets.map((target) => ({
      name: target.connectorName,
      status: words[target.status][0],
      tone: words[target.status][1],
      // What a service answered: only what a browser may open.
      url: target.url && /^https?:\/\//.test(target.url) ? target.url : null,
      message: target.errorMessage ?? '',
    })),
  };
}
