/** Messages by dotted field path from the root of the body, e.g. `{ "config.site_url": ["Enter a full address."] }`. */
export type FieldErrors = Record<string, string[]>;

/** The one table from an error's code to its HTTP status. */
export const statusOf = {
  malformed_request: 400,
  not_signed_in: 401,
  second_factor_required: 401,
  forbidden: 403,
  approval_required: 403,
  price_unknown: 403,
  suspended: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  managed: 409,
  stale_version: 409,
  invalid_transition: 409,
  quota_exceeded: 409,
  entry_disabled: 409,
  request_in_flight: 409,
  too_large: 413,
  unsupported_media_type: 415,
  invalid_input: 422,
  secret_required: 422,
  idempotency_key_reused: 422,
  rate_limited: 429,
  budget_exceeded: 429,
  internal: 500,
  service_failed: 502,
  overloaded: 503,
  unavailable: 503,
  outcome_unknown: 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

export interface ErrorDetails {
  /** Messages beside the fields of the form or the body. */
  errors?: FieldErrors;
  /** Seconds after which trying again makes sense; sent as Retry-After. */
  retryAfter?: number;
  /** Extra members for the problem document; never a secret. */
  extra?: Record<string, unknown>;
  cause?: unknown;
}

/** Every expected failure. The message is a sentence for people: it names the thing and the next step. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors?: FieldErrors;
  readonly retryAfter?: number;
  readonly extra?: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.errors = details.errors;
    this.retryAfter = details.retryAfter;
    this.extra = details.extra;
  }

  get status() {
    return statusOf[this.code];
  }
}

/** 422 with messages beside the fields. */
export const invalid = (errors: FieldErrors, message = 'Some fields need your attention.') =>
  new AppError('invalid_input', message, { errors });

/** 404; also for a row of another tenant, so that existence is never told. */
export const notFound = (what: string) =>
  new AppError('not_found', `This ${what} does not exist or is not in this workspace.`);
