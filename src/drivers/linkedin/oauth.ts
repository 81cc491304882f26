import type { OAuthProvider } from '../driver.ts';

/** https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow */
export const oauth: OAuthProvider = {
  endpoints: () => ({
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
  }),
  clientAuth: 'post',
  // A code_verifier makes it answer invalid_client.
  pkce: false,
  scopeSeparator: ' ',
  quirks: { tokenType: 'bearer' },
  refreshReuse: 'safe',
};
