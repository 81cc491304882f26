import type { PublishModels } from '../../src/routes/view-models/publish.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';

/** Models for the page of publishing, full of what must be escaped. */
export function publishModels(hostile: string, shell: Shell): PublishModels {
  const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
  const about = { name: hostile, limits: hostile, notReady: hostile, service: hostile };
  const previews = [{ name: hostile, length: hostile, parts: [hostile], problems: [hostile] }];
  const field = { name: 'tags', label: hostile, help: hostile, type: 'text' as const, value: hostile };
  const target = {
    name: hostile,
    status: hostile,
    tone: 'bad' as const,
    url: 'https://example.com/1',
    message: hostile,
  };
  const post = { id, title: hostile, at: new Date(0), by: hostile, status: hostile, tone: 'bad' as const };
  return {
    'publish/index': {
      shell,
      publish: {
        composer: {
          ...{ id, tenantId: id, thread: true, values: { title: hostile, text: hostile } },
          fields: [field],
          targets: [{ id, chosen: true, ...about }],
          problems: [{ target: hostile, text: hostile }],
        },
        previews,
        posts: [{ ...post, canCancel: true, canRetry: true, targets: [target, { ...target, url: null }] }],
        next: '/publish?cursor=x',
      },
    },
    'publish/_previews': { previews },
  };
}
