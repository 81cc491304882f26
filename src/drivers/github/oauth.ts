import type { OAuthProvider, Values } from '../driver.ts';

/** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps */
export const oauth: OAuthProvider = {
  endpoints: (config: Values) => {
    const web = String(config.base_url ?? 'https://github.com').replace(/\/$/, '');
    return { authorization: `${web}/login/oauth/authorize`, token: `${web}/login/oauth/access_token` };
  },
  clientAuth: 'post',
  pkce: true,
  scopeSeparator: ' ',
  quirks: {
    errorsAs200: 'error',
    scopeSeparator: ',',
    errorCodes: {
      bad_verification_code: 'invalid_grant',
      bad_refresh_token: 'invalid_grant',
      incorrect_client_credentials: 'invalid_client',
    },
  },
  refreshReuse: 'none',
};
