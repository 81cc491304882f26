import type { Socket } from 'node:net';
import { oneLine } from '../lib/one-line.ts';
import type { TlsSettings } from '../lib/outbound/outbound.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import type { LlmOperation } from './llm.ts';

type Values = Record<string, unknown>;

/** What a driver may write to the log; secrets are taken out on the way. */
export interface ExecutionLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What every call of a driver gets. */
export interface ExecutionContext {
  /** The execution's id, or one made for a check. */
  executionId: string;
  /** The settings with their secrets opened. */
  config: Values;
  /**
   * The opened fields of the auth method in use. For `oauth2` and `client_credentials` what the service granted: `method`,
   * `access_token`, `token_type`, `scopes` and what the driver's `keep` added; never the client's secret.
   */
  auth: Values;
  tls: TlsSettings | undefined;
  /** The guarded fetch: repeats what may be repeated, and goes only where the connector's secrets may go. */
  fetch: typeof globalThis.fetch;
  /** The way out for protocols other than HTTP. */
  dial: Dial;
  /** Names the saved connector on this hub, for what a driver keeps between calls; null for values that are only tried out. */
  connectorId: string | null;
  log: ExecutionLog;
  /** The service's own id of what happens, for services that tell it elsewhere than in a header. */
  noteRequestId(id: string): void;
  /** Fires at the deadline and when the caller goes away. */
  signal: AbortSignal;
}

/** Plain connections to servers that do not speak HTTP, within the same limits as the guarded fetch. */
export interface Dial {
  /**
   * Opens a TCP connection to `scheme://host:port`, one of the driver's destinations without its marks. Only to addresses that the hub
   * may call, never to its own database, and not longer than the call's deadline.
   * @throws OutboundError
   */
  open(destination: string): Promise<Socket>;
  /** Whether the call's secrets may go there; to ask before a connection that is kept from an earlier call is used. @throws OutboundError */
  check(destination: string): void;
  /** Whether a PostgreSQL server is the one that the hub itself lives on, by the identifier that its cluster has for life. */
  isOwnServer(systemIdentifier: string): Promise<boolean>;
  /** Milliseconds until the call's deadline. */
  timeLeftMs(): number;
}

/** Whose fault a failure is, and with that what can be done about it. */
export type ServiceFault =
  /** The service does not accept the credential (any more). */
  | 'credential'
  /** The credential is right, but may not do this. */
  | 'permission'
  /** The caller asked for something that the service refuses. */
  | 'input'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  /** The service failed, or answered what nobody can understand; trying again later may help. */
  | 'service';

export interface ServiceErrorDetails {
  /** The HTTP status of the service's answer. */
  status?: number;
  /** After how many milliseconds the service wants to be asked again. */
  retryAfterMs?: number;
  /** The form field to mend, dotted from the root, e.g. `config.api_version`. */
  field?: string;
  /** The service's own code, e.g. `channel_not_found`; shown beside the message. */
  serviceCode?: string;
  cause?: unknown;
}

/** A failure that the service told us about. The message is a sentence for people: what the service said and what to do; never a secret. */
export class ServiceError extends Error {
  override name = 'ServiceError';
  readonly fault: ServiceFault;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly field?: string;
  readonly serviceCode?: string;

  constructor(fault: ServiceFault, message: string, details: ServiceErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.fault = fault;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.field = details.field;
    this.serviceCode = details.serviceCode === undefined ? undefined : oneLine(details.serviceCode, 20_000);
  }

  /** True when the same call cannot succeed later without somebody changing something. */
  get permanent(): boolean {
    return !['rate_limited', 'service'].includes(this.fault);
  }
}

/** Who is connected, as the service itself says. */
export interface Account {
  /** Stable at the service: another value means another account. */
  externalId: string;
  /** For people, e.g. `octo-ada` or `Northwind (northwind.slack.com)`. */
  label: string;
  /** What was granted, where the service tells. */
  scopes?: string[];
}

/** What a check found beyond that the service answers and knows the credential. */
export interface HealthReport {
  /** One sentence, e.g. "Signed in as octo-ada; 4,312 of 5,000 calls left." */
  message: string;
  /** Sentences about what will need attention although it works: a version that ends, a scope that is missing. */
  warnings?: string[];
}

/** What a tool changes at the service; decides what may be repeated. */
export type SideEffect = 'none' | 'idempotent' | 'write';

/** What a request of this method does, as long as nobody says otherwise (RFC 9110, 9.2). */
export function sideEffectOfMethod(method: string): SideEffect {
  if (method === 'GET' || method === 'HEAD') return 'none';
  return method === 'PUT' || method === 'DELETE' ? 'idempotent' : 'write';
}

export interface Tool {
  /** Without the driver's key: `create_issue` is called `github.create_issue` elsewhere. `[a-z0-9_]`, with a dot only where a connector brought it. */
  slug: string;
  title: string;
  /** For people and for language models: what it does and when to use it. */
  description: string;
  input: JsonSchema;
  output: JsonSchema;
  sideEffect: SideEffect;
  /** It changes and removes nothing that is there: it only adds to it. */
  adds?: true;
  /** Scopes that it needs at the service, any one of each inner list. */
  scopes?: string[][];
  /** Somebody else wrote its schemas, titles and descriptions: they are linted, and judged apart from the request’s thread. */
  foreign?: true;
  run(context: ExecutionContext, input: Values): Promise<unknown>;
  /** For tools that ask a language model; they give an object with the provider's `model` and `usage`. */
  llm?: ModelTool;
}

/** A tool that asks a language model: the hub chooses the model and counts what it costs, as it does for programs that ask one directly. */
export interface ModelTool {
  operation: Exclude<LlmOperation, 'models'>;
  /** The provider's request, with the settings' defaults. `run` and `stream` get it instead of the input, with the model in it. */
  request(config: Values, input: Values): Values;
  /** The answer while it comes, as server-sent events of the provider's protocol with the usage at their end. */
  stream?(context: ExecutionContext, request: Values): Promise<Response>;
}

export interface RepositoryRecord {
  externalId: string;
  fullName: string;
  description: string | null;
  defaultBranch: string | null;
  private: boolean;
  archived: boolean;
  url: string;
}

/** Plain requests as the connected account: how the credential goes onto one. */
export interface ServiceProxy {
  /** The address that paths are added to, e.g. `https://api.github.com`; nothing outside of it is ever called. */
  base(config: Values): string;
  /**
   * What proves the account, in headers or, where the service wants it so, in the query. It replaces what the caller sent there.
   * @throws ServiceError `credential` when there is nothing to prove it with
   */
  credential(auth: Values): { headers?: Record<string, string>; query?: Record<string, string> };
  /** What every request carries unless the caller says otherwise. */
  defaults?(config: Values): { headers?: Record<string, string>; query?: [name: string, value: string][] };
  /** A GET may change something there, so that it is never repeated. */
  writesByGet?: boolean;
}

/** The headers in which a service tells how many calls are left. */
export interface RateLimitHeaders {
  limit: string;
  remaining: string;
  reset: string;
  /** `reset` is a point in time in Unix seconds, or a number of seconds from now. */
  resetIs: 'epoch' | 'seconds';
}

/** How a service does OAuth 2: everything in which services differ, as data (RFC 6749, 7009, 7636, 9207). */
export interface OAuthProvider {
  endpoints(config: Values): { authorization: string; token: string; revocation?: string; issuer?: string };
  /** How the client proves itself at the token endpoint; `basic_raw` is Basic without the form encoding that RFC 6749 asks for. */
  clientAuth: 'post' | 'basic' | 'basic_raw';
  /** Whether the service takes PKCE (S256). Some refuse the whole request because of it. */
  pkce: boolean;
  /** The service names itself in every answer to the browser (RFC 9207): one that does not is not its own. */
  sendsIssuer?: boolean;
  scopeSeparator: ' ' | ',';
  /** Further parameters of the authorization request, from the connector's settings. */
  authorizationParams?(config: Values, auth: Values): Record<string, string>;
  /** What breaks the standard in the token endpoint's answers, and how it is read. */
  quirks?: {
    /** Errors come with status 200: by a member `error`, or by `ok: false`. */
    errorsAs200?: 'error' | 'ok_false';
    /** `token_type` is missing, or is not one that RFC 6749 knows; take it for Bearer. */
    tokenType?: 'bearer';
    /** Separator of `scope` in the answer, where it is another one than in the request. */
    scopeSeparator?: ' ' | ',';
    /** Members of the answer that stand inside another one, e.g. `authed_user`, when the top has no token. */
    nestedToken?: string;
    /** Answers may be form-encoded although JSON was asked for. */
    formEncoded?: boolean;
    /** The service's own error codes, by what RFC 6749, section 5.2, calls them. */
    errorCodes?: Record<string, 'invalid_grant' | 'invalid_client'>;
  };
  /** Further members of the token answer that are kept with the credential, never secrets of others. */
  keep?: string[];
  /**
   * What happens when a refresh token is used twice: nothing (`safe`), nothing for a short while (`grace`), or the whole family ends
   * (`revokes_family`). `none`: the service gives no refresh tokens. Decides what may be tried after a crash.
   */
  refreshReuse: 'safe' | 'grace' | 'revokes_family' | 'none';
}
