import type { OAuthProvider, Values } from '../driver.ts';
import { origin } from './client.ts';

/** https://docs.slack.dev/reference/methods/oauth.v2.access#errors */
const refusals = {
  invalid_code: 'invalid_grant',
  code_already_used: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
  token_revoked: 'invalid_grant',
  invalid_client_id: 'invalid_client',
  bad_client_secret: 'invalid_client',
} as const;

/** https://docs.slack.dev/authentication/installing-with-oauth */
export const oauth: OAuthProvider = {
  endpoints: (config: Values) => ({
    authorization: `${origin(config)}/oauth/v2/authorize`,
    token: `${origin(config)}/api/oauth.v2.access`,
  }),
  clientAuth: 'post',
  pkce: false,
  scopeSeparator: ',',
  authorizationParams: (_config, auth): Record<string, string> =>
    Array.isArray(auth.user_scopes) && auth.user_scopes.length ? { user_scope: auth.user_scopes.join(',') } : {},
  quirks: {
    errorsAs200: 'ok_false',
    tokenType: 'bearer',
    scopeSeparator: ',',
    nestedToken: 'authed_user',
    errorCodes: refusals,
  },
  // A refresh token works once; using it again is refused and ends nothing.
  refreshReuse: 'grace',
};
