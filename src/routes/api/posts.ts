import { type Static, Type } from '@sinclair/typebox';
import { visibilities } from '../../drivers/driver.ts';
import { cancelPost, getPost, listPosts, type Post, publish, retryPost } from '../../services/publishing/posts.ts';
import { ById, Cursor, component, exampleId, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const text = (maxLength: number, description: string) => Type.Optional(Type.String({ maxLength, description }));

const Media = Type.Object(
  {
    url: text(2048, 'Where the file is; it is read now to be checked, and again when it is published.'),
    data: text(10_000_000, 'The file itself, in base64.'),
    type: text(100, 'MIME type; what the server says when left out.'),
    name: text(200, 'File name.'),
    alt: text(4000, 'For people who do not see it.'),
  },
  { additionalProperties: false },
);

const Content = component(
  'PublishContent',
  Type.Object(
    {
      title: text(500, 'Some services need one, others have none.'),
      text: Type.String({ maxLength: 200_000, description: 'Plain text; what services without formatting post.' }),
      html: text(500_000, 'For services that show formatted text.'),
      markdown: text(500_000, 'The same; used where there is no `html`.'),
      media: Type.Optional(Type.Array(Media, { maxItems: 20 })),
      tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 50 })),
      canonical_url: Type.Optional(
        Type.String({ format: 'uri', maxLength: 2048, pattern: '^https?://', description: 'Where the original is.' }),
      ),
      scheduled_at: Type.Optional(Instant('When to publish; at once when left out.')),
      visibility: Type.Optional(
        OneOf([...visibilities], { description: 'Who may see it; what the connector’s settings say when left out.' }),
      ),
      thread: Type.Optional(
        Type.Boolean({
          description: 'A text that is too long may go out as several posts, where the service allows that.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
);

const PostResponse = component(
  'PostResponse',
  Type.Object({
    id: Uuid('Of the post.'),
    status: OneOf([
      'scheduled',
      'publishing',
      'published',
      'partly_published',
      'failed',
      'outcome_unknown',
      'cancelled',
    ]),
    title: Nullable(Type.String(), 'As it was given.'),
    text: Type.String(),
    scheduled_at: Nullable(Type.String(), 'Null: at once.'),
    created_at: Instant('When it was asked for.'),
    created_by_name: Nullable(Type.String(), 'Who asked for it.'),
    targets: Type.Array(
      Type.Object({
        id: Uuid('Of the connector.'),
        name: Type.String(),
        catalog_key: Type.String(),
        status: OneOf(['waiting', 'publishing', 'published', 'failed', 'outcome_unknown', 'cancelled'], {
          description: '`outcome_unknown`: it may be out; look before you try again.',
        }),
        external_id: Nullable(Type.String(), 'The service’s own id.'),
        url: Nullable(Type.String(), 'Where people see it.'),
        visibility: Nullable(Type.String(), 'How it appears there.'),
        attempts: Type.Integer(),
        execution_id: Nullable(Type.String(), 'The last attempt, at /api/executions/{id}.'),
        published_at: Nullable(Type.String(), 'When it was out.'),
        error: Nullable(
          Type.Object({ code: Type.String(), message: Type.String(), retryable: Type.Boolean() }),
          'Why it is not out.',
        ),
      }),
    ),
  }),
);

const iso = (date: Date | null) => date?.toISOString() ?? null;

const postResponse = (post: Post): Static<typeof PostResponse> => ({
  id: post.id,
  status: post.status,
  title: (post.content.title as string | undefined) ?? null,
  text: String(post.content.text),
  scheduled_at: iso(post.scheduledAt),
  created_at: post.createdAt.toISOString(),
  created_by_name: post.createdByName,
  targets: post.targets.map((target) => ({
    id: target.connectorId,
    name: target.connectorName,
    catalog_key: target.catalogKey,
    status: target.status,
    external_id: target.externalId,
    url: target.url,
    visibility: target.visibility,
    attempts: target.attempts,
    execution_id: target.executionId,
    published_at: iso(target.publishedAt),
    error:
      target.errorCode === null
        ? null
        : { code: target.errorCode, message: target.errorMessage ?? '', retryable: target.retryable },
  })),
});

const about = { tag: 'Publishing', role: 'member' } as const;

export const postOperations = [
  operation(
    {
      ...about,
      method: 'post',
      path: '/api/publish',
      id: 'publish',
      summary: 'Publish a content to several connectors',
      description:
        'Checks it for every target first and answers with all problems at once, by target and field (`targets.0.content.text`); then each target is published by a job. Send an Idempotency-Key to make a repeated call safe. How it went stands at GET /api/posts/{id}.',
      scope: 'publish:write',
      audit: 'post.created',
      input: {
        body: Type.Object(
          {
            targets: Type.Array(Uuid('Of a connector.'), { minItems: 1, maxItems: 20 }),
            content: Content,
          },
          { additionalProperties: false },
        ),
      },
      status: 201,
      response: PostResponse,
      example: { body: { targets: [exampleId], content: { text: 'Hello from the hub.' } } },
    },
    async (ctx, { body: { targets, content: all } }) => {
      const { scheduled_at, ...content } = all;
      return postResponse(
        await publish(ctx, { targets, content, scheduledAt: scheduled_at ? new Date(scheduled_at) : null }),
      );
    },
  ),
  operation(
    {
      ...about,
      method: 'get',
      path: '/api/posts',
      id: 'listPosts',
      summary: 'List posts with how publishing went',
      description: 'Newest first. Members see their own, owners and admins all.',
      scope: 'publish:read',
      audit: null,
      input: { query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }) },
      status: 200,
      response: ListOf(PostResponse),
      example: {},
    },
    async (ctx, { query }) => {
      const { data, nextCursor } = await listPosts(ctx, query);
      return { data: data.map(postResponse), next_cursor: nextCursor };
    },
  ),
  operation(
    {
      ...about,
      method: 'get',
      path: '/api/posts/:id',
      id: 'getPost',
      summary: 'Read a post with how publishing went',
      scope: 'publish:read',
      audit: null,
      input: { params: ById },
      status: 200,
      response: PostResponse,
      example: { params: { id: exampleId } },
    },
    async (ctx, { params }) => postResponse(await getPost(ctx, params.id)),
  ),
  operation(
    {
      ...about,
      method: 'delete',
      path: '/api/posts/:id',
      id: 'cancelPost',
      summary: 'Cancel a post',
      description: 'Stops what has not begun; what is out stays out.',
      scope: 'publish:write',
      audit: 'post.cancelled',
      input: { params: ById },
      status: 200,
      response: PostResponse,
      example: { params: { id: exampleId } },
    },
    async (ctx, { params }) => postResponse(await cancelPost(ctx, params.id)),
  ),
  operation(
    {
      ...about,
      method: 'post',
      path: '/api/posts/:id/retries',
      id: 'retryPost',
      summary: 'Try again where publishing failed',
      description:
        'What may be out already is looked for first where the service lets us look; elsewhere it is published again only with `include_unknown`.',
      scope: 'publish:write',
      audit: 'post.retried',
      input: {
        params: ById,
        body: Type.Object({ include_unknown: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
      },
      status: 201,
      response: PostResponse,
      example: { params: { id: exampleId }, body: {} },
    },
    async (ctx, { params, body }) =>
      postResponse(await retryPost(ctx, params.id, { includeUnknown: body.include_unknown === true })),
  ),
];
