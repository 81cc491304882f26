import { type Static, Type } from '@sinclair/typebox';
import { type CatalogItem, getCatalogEntry, listCatalog } from '../../services/connectors/catalog.ts';
import { ByEntry, Cursor, component, Limit, ListOf, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const AuthType = OneOf(['oauth', 'api_key', 'basic', 'none'], {
  description: 'How the service is authorised in the first place.',
});

export const ConnectorCatalogResponse = component(
  'ConnectorCatalogResponse',
  Type.Object(
    {
      id: Uuid('Of the catalog entry.'),
      key: Type.String({ description: 'Names the entry in every other call.' }),
      name: Type.String(),
      description: Type.String(),
      category: Type.String(),
      icon: Type.String({ description: 'Name of the icon in the sprite of brands.' }),
      auth_type: AuthType,
      auth_methods: Type.Array(Type.String(), { description: 'All that the entry offers, the primary one first.' }),
      aliases: Type.Array(Type.String()),
      capabilities: ByEntry('What the service can do for callers: `publish`, `tools`, `llm`, `sql`.'),
      default_config_schema: ByEntry('JSON Schema of `config`.'),
      auth_schema: ByEntry('JSON Schema of `auth`; its variants are told apart by `method`.'),
      installed_count: Type.Integer({ description: 'How many connectors of it this workspace has.' }),
    },
    { description: 'A kind of service that can be installed.' },
  ),
);

const presentCatalogItem = (item: CatalogItem): Static<typeof ConnectorCatalogResponse> => ({
  id: item.id,
  key: item.key,
  name: item.name,
  description: item.description,
  category: item.category,
  icon: item.icon,
  auth_type: item.authType,
  auth_methods: item.authMethods,
  aliases: item.aliases,
  capabilities: { ...item.capabilities },
  default_config_schema: item.defaultConfigSchema,
  auth_schema: item.authSchema,
  installed_count: item.installedCount,
});

const CatalogQuery = Type.Object(
  {
    q: Type.Optional(Type.String({ maxLength: 200, description: 'Words to search for; forgives typos.' })),
    category: Type.Optional(Type.String({ maxLength: 50 })),
    auth_type: Type.Optional(
      OneOf(['oauth', 'api_key', 'basic', 'none'], {
        description:
          'Entries that offer a method of this type, also when it is not their primary one: `oauth2` and `client_credentials` are `oauth`, `token` is an `api_key`.',
      }),
    ),
    limit: Limit,
    cursor: Cursor,
  },
  { additionalProperties: false },
);

export const catalogOperations = [
  operation(
    {
      method: 'get',
      path: '/api/catalog',
      id: 'listCatalog',
      summary: 'List what can be installed',
      tag: 'Catalog',
      role: 'member',
      scope: 'catalog:read',
      audit: null,
      input: { query: CatalogQuery },
      status: 200,
      response: ListOf(ConnectorCatalogResponse),
      example: { query: { q: 'github', limit: '5' } },
    },
    async (ctx, { query }) => {
      const list = await listCatalog(ctx, {
        q: query.q,
        category: query.category,
        authType: query.auth_type,
        limit: query.limit,
        cursor: query.cursor,
      });
      return { data: list.data.map(presentCatalogItem), next_cursor: list.nextCursor };
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/catalog/:key',
      id: 'getCatalogEntry',
      summary: 'Get one catalog entry with its schemas',
      tag: 'Catalog',
      role: 'member',
      scope: 'catalog:read',
      audit: null,
      input: { params: Type.Object({ key: Type.String({ description: 'Key of the catalog entry.' }) }) },
      status: 200,
      response: ConnectorCatalogResponse,
      example: { params: { key: 'wordpress' } },
    },
    async (ctx, { params }) => presentCatalogItem(await getCatalogEntry(ctx, params.key)),
  ),
];
