import type { OAuthProvider } from '../driver.ts';

/** https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code */
export const oauth: OAuthProvider = {
  endpoints: () => ({
    authorization: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    revocation: 'https://api.x.com/2/oauth2/revoke',
  }),
  clientAuth: 'basic_raw',
  pkce: true,
  scopeSeparator: ' ',
  refreshReuse: 'revokes_family',
};
