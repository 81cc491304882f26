/** What a refusal of a token endpoint means. */
export type TokenFault =
  /** The code or the refresh token is not good (any more): `invalid_grant` and kin. */
  | 'grant'
  /** The service does not know this client, or not by this secret. */
  | 'client'
  /** It refuses the request for another reason. */
  | 'refused'
  | 'rate_limited'
  /** It answered what is no token answer; whether it granted something is unknown. */
  | 'unreadable'
  /** It failed. */
  | 'failed';

interface TokenErrorDetails {
  status?: number;
  /** The service's own code; only characters of such codes. */
  code?: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/** A token endpoint gave no tokens. The message goes on after "the token endpoint …" and holds no token, code or secret. */
export class TokenError extends Error {
  override name = 'TokenError';
  readonly fault: TokenFault;
  readonly status?: number;
  readonly code?: string;
  readonly retryAfterMs?: number;

  constructor(fault: TokenFault, message: string, { status, code, retryAfterMs, cause }: TokenErrorDetails = {}) {
    super(message, { cause });
    this.fault = fault;
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
