import { Type } from '@sinclair/typebox';
import { waitForConnection } from '../../services/authorizations/authorization-wait.ts';
import { initiateAuthorization } from '../../services/authorizations/authorizations.ts';
import { createConnectLink } from '../../services/authorizations/connect-links.ts';
import { component, exampleId, Instant, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectionResponse, connectionResponse } from './connection-schemas.ts';
import { operation } from './operation.ts';

const InitiateOAuthRequest = component(
  'InitiateOAuthRequest',
  Type.Object(
    {
      connector_id: Uuid('Of a connector whose accounts people authorise.'),
      user_id: Type.Optional(
        Nullable(
          Type.String({ maxLength: 36 }),
          'Whose own connection it becomes; `me` for the caller’s. Without it, it is for the whole workspace, which needs an admin.',
        ),
      ),
      toolkit_slug: Type.Optional(Nullable(Type.String({ maxLength: 100 }), 'The toolkit that it is for.')),
      auth_config_id: Type.Optional(
        Nullable(Type.String({ maxLength: 200 }), 'How it is connected at a broker; see `/api/toolkits`.'),
      ),
      connection_id: Type.Optional(
        Nullable(
          Type.String({ format: 'uuid' }),
          'A connection to authorise anew, in place; it has to be the same account.',
        ),
      ),
      return_to: Type.Optional(
        Nullable(
          Type.String({ maxLength: 2000 }),
          'A path of this hub where the browser goes in the end, such as `/installed`. Without it, to the connector’s page.',
        ),
      ),
    },
    { additionalProperties: false },
  ),
);

const InitiateOAuthResponse = component(
  'InitiateOAuthResponse',
  Type.Object({
    connection_request_id: Uuid('Wait for it by this id.'),
    redirect_url: Type.String({
      format: 'uri',
      description: 'A page of this hub. The person who authorises opens it: it asks them to sign in here and to agree.',
    }),
    expires_at: Instant('Until when the page has to be opened.'),
  }),
);

const WaitOAuthRequest = component(
  'WaitOAuthRequest',
  Type.Object(
    {
      connection_request_id: Uuid('As `initiate` answered it.'),
      timeout_s: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 600,
          default: 20,
          description: 'Answer after so many seconds at the latest, and after 30 in any case.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
);

const WaitOAuthResponse = component(
  'WaitOAuthResponse',
  Type.Object({
    status: OneOf(['pending', 'succeeded', 'denied', 'expired', 'failed']),
    error: Nullable(Type.String(), 'A code for why it came to nothing, such as `denied` or `other_account`.'),
    message: Nullable(Type.String(), 'The same as a sentence.'),
    connection: Nullable(ConnectionResponse, 'Once it succeeded; null when the connection was deleted since.'),
  }),
);

const ConnectLinkRequest = component(
  'ConnectLinkRequest',
  Type.Object(
    {
      connector_id: Uuid('Of a connector whose accounts people authorise.'),
      label: Type.String({ minLength: 1, maxLength: 100, description: 'Whom the link is for; they read it.' }),
      connection_id: Type.Optional(
        Nullable(
          Type.String({ format: 'uuid' }),
          'A connection of the whole workspace that they may authorise anew, in place; it has to be the same account.',
        ),
      ),
    },
    { additionalProperties: false },
  ),
);

const ConnectLinkResponse = component(
  'ConnectLinkResponse',
  Type.Object({
    connection_request_id: Uuid('Wait for it by this id.'),
    url: Type.String({
      format: 'uri',
      description: 'Whoever opens it can connect one account, once. It is told here and never again.',
    }),
    expires_at: Instant('Until when it has to be opened.'),
  }),
);

export const authorizationOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connections/links',
      id: 'createConnectLink',
      summary: 'Make a connect link',
      description:
        'For somebody without an account here: they connect one account to one connector, for the whole workspace. It works once, for one hour, and replaces nothing: an account that is connected already they may authorise anew only when the link was made for that connection.',
      tag: 'Connections',
      role: 'admin',
      scope: 'connections:write',
      audit: 'connect_link.created',
      input: { body: ConnectLinkRequest },
      status: 201,
      response: ConnectLinkResponse,
      example: { body: { connector_id: exampleId, label: 'Robin at Contoso' } },
    },
    async (ctx, { body }) => {
      const { request, url } = await createConnectLink(ctx, {
        ...{ connectorId: body.connector_id, label: body.label, connectionId: body.connection_id },
      });
      return { connection_request_id: request.id, url, expires_at: request.expiresAt.toISOString() };
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connections/oauth/initiate',
      id: 'initiateAuthorization',
      summary: 'Begin an authorisation',
      description:
        'Send the person who authorises to `redirect_url`, then wait. Members may connect their own accounts where the connector allows it.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: 'authorization.requested',
      input: { body: InitiateOAuthRequest },
      status: 201,
      response: InitiateOAuthResponse,
      example: { body: { connector_id: exampleId, user_id: 'me', return_to: '/installed' } },
    },
    async (ctx, { body }) => {
      const { request, redirectUrl } = await initiateAuthorization(ctx, {
        connectorId: body.connector_id,
        userId: body.user_id,
        toolkitSlug: body.toolkit_slug,
        authConfigId: body.auth_config_id,
        connectionId: body.connection_id,
        returnTo: body.return_to,
      });
      return {
        connection_request_id: request.id,
        redirect_url: redirectUrl,
        expires_at: request.expiresAt.toISOString(),
      };
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connections/oauth/wait',
      id: 'waitForConnection',
      summary: 'Wait for an authorisation',
      description: 'Answers as soon as it has ended, or `pending` when the time is up: then ask again.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: { body: WaitOAuthRequest },
      status: 200,
      response: WaitOAuthResponse,
      example: { body: { connection_request_id: exampleId, timeout_s: 0 } },
    },
    async (ctx, { body }, c) => {
      const state = await waitForConnection(ctx, body.connection_request_id, {
        timeoutS: body.timeout_s ?? 20,
        signal: c.req.raw.signal,
      });
      return { ...state, connection: state.connection && connectionResponse(state.connection) };
    },
  ),
];
