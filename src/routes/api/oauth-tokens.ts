import { Type } from '@sinclair/typebox';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { getOauthToken } from '../../services/authorizations/oauth-tokens.ts';
import { ById, component, Nullable } from './components.ts';
import { operation } from './operation.ts';

const OauthTokenResponse = component(
  'OauthTokenResponse',
  Type.Object({
    configured: Type.Boolean({
      description: 'False for a connector that authenticates in another way, or not at all.',
    }),
    reason: Nullable(Type.String(), 'Why it is not configured.'),
    scopes: Type.Array(Type.String(), { description: 'What was granted, where the service tells.' }),
    obtained_at: Nullable(Type.String({ format: 'date-time' }), 'When the service granted it.'),
    expires_at: Nullable(
      Type.String({ format: 'date-time' }),
      'Null when it does not end, or the service does not say.',
    ),
  }),
);

export const oauthTokenOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connectors/:id/oauth-token',
      id: 'getOauthToken',
      summary: 'See to it that there is a token',
      description:
        'For connectors with OAuth client credentials: one that is kept and good for a while, or a new one. The token itself is never told; calls carry it by themselves.',
      tag: 'Connectors',
      role: 'admin',
      scope: 'connectors:write',
      audit: null,
      input: { params: ById },
      status: 200,
      response: OauthTokenResponse,
      example: {},
    },
    async (ctx, { params }) => {
      const state = await getOauthToken(ctx, params.id).catch(failed);
      const known = state.configured ? state : { scopes: [], obtainedAt: null, expiresAt: null };
      return {
        configured: state.configured,
        reason: state.configured ? null : state.reason,
        scopes: known.scopes,
        obtained_at: known.obtainedAt?.toISOString() ?? null,
        expires_at: known.expiresAt?.toISOString() ?? null,
      };
    },
  ),
];

/** @throws always */
function failed(error: unknown): never {
  if (error instanceof ServiceError || error instanceof OutboundError)
    throw new AppError('service_failed', error.message, { cause: error });
  throw error;
}
