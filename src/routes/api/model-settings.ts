import { type Static, Type } from '@sinclair/typebox';
import { getModelSettings, setDefaultModelConnector } from '../../services/gateway/model-settings.ts';
import { component, Nullable, Uuid } from './components.ts';
import { operation } from './operation.ts';

const ModelSettingsResponse = component(
  'ModelSettingsResponse',
  Type.Object({
    default_connector_id: Nullable(Uuid('Of the connector.'), 'Null where there is no usual one.'),
    connectors: Type.Array(Type.Object({ id: Uuid('Of the connector.'), name: Type.String(), handle: Type.String() }), {
      description: 'The connectors that models can be asked through.',
    }),
  }),
);

type Settings = Awaited<ReturnType<typeof getModelSettings>>;

const modelSettings = ({ connectors, defaultId }: Settings): Static<typeof ModelSettingsResponse> => ({
  default_connector_id: defaultId,
  connectors: connectors.map(({ id, name, handle }) => ({ id, name, handle })),
});

/** Through which connector models are asked when nothing else says it. */
export const modelSettingsOperations = [
  operation(
    {
      method: 'get',
      path: '/api/model-settings',
      id: 'getModelSettings',
      summary: 'Tell through which connector models are asked',
      tag: 'Connectors',
      role: 'member',
      scope: 'connectors:read',
      audit: null,
      input: {},
      status: 200,
      response: ModelSettingsResponse,
      example: {},
    },
    async (ctx) => modelSettings(await getModelSettings(ctx)),
  ),
  operation(
    {
      method: 'put',
      path: '/api/model-settings',
      id: 'updateModelSettings',
      summary: 'Choose through which connector models are asked',
      description: 'It counts where neither the API key is bound to one nor the caller names one.',
      tag: 'Connectors',
      role: 'admin',
      scope: 'connectors:write',
      audit: 'settings.updated',
      input: {
        body: Type.Object(
          { default_connector_id: Nullable(Uuid('Of a connector to language models.'), 'Null for no usual one.') },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ModelSettingsResponse,
      example: { body: { default_connector_id: null } },
    },
    async (ctx, { body }) => {
      await setDefaultModelConnector(ctx, body.default_connector_id);
      return modelSettings(await getModelSettings(ctx));
    },
  ),
];
