import { object, type Tool, type Visibility } from '../driver.ts';
import { publisher } from './publish.ts';

export const tools: Tool[] = [
  {
    slug: 'create_post',
    title: 'Create a story',
    description: 'Publishes a story on Medium, or keeps it as a draft. Works with legacy integration tokens only.',
    input: object(
      {
        title: { type: 'string', title: 'Title', minLength: 1, maxLength: 100 },
        markdown: {
          type: 'string',
          title: 'Text',
          description: 'Markdown.',
          minLength: 1,
          maxLength: 200_000,
          'x-multiline': true,
        },
        tags: {
          type: 'array',
          title: 'Tags',
          maxItems: 3,
          items: { type: 'string', minLength: 1, maxLength: 25 },
        },
        canonical_url: { type: 'string', title: 'Original address', format: 'uri', maxLength: 2048 },
        visibility: { type: 'string', title: 'Publish as', enum: ['draft', 'public', 'unlisted'] },
      },
      ['title', 'markdown'],
    ),
    output: object({ id: { type: 'string' }, url: { type: ['string', 'null'] } as never, status: { type: 'string' } }, [
      'id',
    ]),
    sideEffect: 'write',
    adds: true,
    run: async (context, { title, markdown, tags, canonical_url, visibility }) => {
      const content = {
        title: String(title),
        text: String(markdown),
        markdown: String(markdown),
        media: [],
        tags: (tags ?? []) as string[],
        canonical_url: canonical_url as string | undefined,
        visibility: visibility as Visibility | undefined,
      };
      const { externalId, url, status } = await publisher.publish(context, content, context.executionId);
      return { id: externalId, url, status };
    },
  },
];
