type Code =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'temporarily_unavailable'
  | 'server_error';

/** What a program is told that asks for tokens: one of the few words of RFC 6749, 7591 and 8707, and a sentence for whoever looks into it. */
export class OAuthError extends Error {
  readonly error: Code;

  constructor(error: Code, description: string) {
    super(description);
    this.name = 'OAuthError';
    this.error = error;
  }
}
