import { type Static, Type } from '@sinclair/typebox';
import type { RepositoryRow, RepositorySyncRow } from '../../db/queries/repositories.ts';
import { listRepositories, requestSync } from '../../services/connections/repositories.ts';
import { ById, Cursor, component, Instant, Limit, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const RepositoryResponse = component(
  'RepositoryResponse',
  Type.Object({
    id: Uuid('Of the repository here; it stays when its name changes.'),
    external_id: Type.String({ description: 'The service’s own id.' }),
    full_name: Type.String(),
    description: Nullable(Type.String(), 'As its owner wrote it.'),
    default_branch: Nullable(Type.String(), 'Null for an empty one.'),
    private: Type.Boolean(),
    archived: Type.Boolean(),
    url: Type.String(),
    synced_at: Instant('When it was last seen.'),
  }),
);

const RepositorySyncResponse = component(
  'RepositorySyncResponse',
  Type.Object({
    status: OneOf(['waiting', 'running', 'succeeded', 'failed'], { description: 'Of the last reading, or the next.' }),
    error: Nullable(Type.String(), 'Why the last one failed.'),
    count: Type.Integer({ description: 'Repositories at the end of the last one that succeeded.' }),
    finished_at: Nullable(Type.String({ format: 'date-time' }), 'When the last one ended.'),
  }),
);

const repositoryResponse = (row: RepositoryRow): Static<typeof RepositoryResponse> => ({
  id: row.id,
  external_id: row.externalId,
  full_name: row.fullName,
  description: row.description,
  default_branch: row.defaultBranch,
  private: row.private,
  archived: row.archived,
  url: row.url,
  synced_at: row.syncedAt.toISOString(),
});

const syncResponse = (
  sync: RepositorySyncRow | null,
  status: 'waiting' | RepositorySyncRow['status'] = sync?.status ?? 'waiting',
): Static<typeof RepositorySyncResponse> => ({
  status,
  error: sync?.error ?? null,
  count: sync?.count ?? 0,
  finished_at: sync?.finishedAt?.toISOString() ?? null,
});

export const repositoryOperations = [
  operation(
    {
      method: 'get',
      path: '/api/connections/:id/repositories',
      id: 'listRepositories',
      summary: 'List the repositories that a connection sees',
      description: 'By name, as the last reading found them; they are read anew each day.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: {
        params: ById,
        query: Type.Object(
          {
            q: Type.Optional(Type.String({ maxLength: 200, description: 'Words in the full name.' })),
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: Type.Object({
        data: Type.Array(RepositoryResponse),
        next_cursor: Nullable(Type.String(), 'Null on the last page.'),
        sync: RepositorySyncResponse,
      }),
      example: { query: { q: 'hello', limit: '10' } },
    },
    async (ctx, { params, query }) => {
      const { data, nextCursor, sync } = await listRepositories(ctx, params.id, query);
      return { data: data.map(repositoryResponse), next_cursor: nextCursor, sync: syncResponse(sync) };
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connections/:id/repositories/sync',
      id: 'syncRepositories',
      summary: 'Read the repositories of a connection anew',
      description: 'Begins soon and goes on by itself; one that is under way goes on.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: null,
      input: { params: ById },
      status: 200,
      response: RepositorySyncResponse,
      example: {},
    },
    async (ctx, { params }) => {
      const sync = await requestSync(ctx, params.id);
      return syncResponse(sync, sync?.status === 'running' ? 'running' : 'waiting');
    },
  ),
];
