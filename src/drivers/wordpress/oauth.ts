import type { OAuthProvider } from '../driver.ts';

/** https://developer.wordpress.com/docs/api/oauth2/ */
export const oauth: OAuthProvider = {
  endpoints: () => ({
    authorization: 'https://public-api.wordpress.com/oauth2-1/authorize',
    token: 'https://public-api.wordpress.com/oauth2-1/token',
  }),
  clientAuth: 'post',
  pkce: true,
  scopeSeparator: ' ',
  refreshReuse: 'revokes_family',
};
