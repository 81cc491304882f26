import { Type } from '@sinclair/typebox';
import { testConnector, testValues } from '../../services/connectors/connector-test.ts';
import { ByEntry, ById, Nullable } from './components.ts';
import { checkResponse, HealthCheckResponse } from './health-schemas.ts';
import { operation } from './operation.ts';

/** Before the other routes of connectors: `test` is no id. */
export const connectorTestOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connectors/test',
      id: 'testValues',
      summary: 'Check values before they are saved',
      description:
        'Goes step by step from the address to the permission, and names the field to mend. Nothing is saved. A secret that is left out is the saved one of `connector_id`, and goes only where it was entered for.',
      tag: 'Connectors',
      role: 'admin',
      scope: 'connectors:write',
      audit: null,
      input: {
        body: Type.Object(
          {
            catalog_key: Type.String({ maxLength: 100 }),
            config: Type.Optional(ByEntry('As for installing.')),
            auth: Type.Optional(ByEntry('As for installing.')),
            connector_id: Type.Optional(
              Nullable(Type.String({ maxLength: 36 }), 'The connector whose saved secrets are meant.'),
            ),
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: HealthCheckResponse,
      example: {
        body: {
          catalog_key: 'wordpress',
          config: { site_url: 'https://blog.example.com' },
          auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
        },
      },
    },
    async (ctx, { body }, c) => {
      const { catalog_key: catalogKey, connector_id: connectorId, config = {}, auth = {} } = body;
      const values = { catalogKey, connectorId: connectorId ?? undefined, config, auth };
      return checkResponse(await testValues(ctx, values, c.req.raw.signal));
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connectors/:id/test',
      id: 'testConnector',
      summary: 'Check an installed connector',
      description: 'Through all of its connections, whose health it updates; answers the worst outcome.',
      tag: 'Connectors',
      role: 'admin',
      scope: 'connectors:write',
      audit: null,
      input: { params: ById },
      status: 200,
      response: HealthCheckResponse,
      example: {},
    },
    async (ctx, { params }) => checkResponse(await testConnector(ctx, params.id)),
  ),
];
