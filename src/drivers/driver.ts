import type { OperationRequest } from '../lib/openapi/operation.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import type { Broker } from './broker.ts';
import type { Browsing } from './browse.ts';
import type {
  Account,
  ExecutionContext,
  HealthReport,
  OAuthProvider,
  RateLimitHeaders,
  RepositoryRecord,
  ServiceProxy,
  Tool,
} from './execution.ts';
import type { LlmProvider } from './llm.ts';
import type { PublishCapability, Publisher } from './publishing.ts';

export * from './broker.ts';
export * from './browse.ts';
export * from './destinations.ts';
export * from './execution.ts';
export * from './fields.ts';
export * from './http.ts';
export * from './llm.ts';
export * from './publishing.ts';

export const authTypes = ['oauth', 'api_key', 'basic', 'none'] as const;
export type AuthType = (typeof authTypes)[number];
/** How a credential is obtained; `token` is one that the admin brings along, entered by hand. */
export const authMethods = ['oauth2', 'client_credentials', 'api_key', 'basic', 'token', 'none'] as const;
export type AuthMethod = (typeof authMethods)[number];
/** What each method counts as among the types. */
export const typeOfMethod: Record<AuthMethod, AuthType> = {
  oauth2: 'oauth',
  client_credentials: 'oauth',
  api_key: 'api_key',
  basic: 'basic',
  token: 'api_key',
  none: 'none',
};
export const categories = ['AI', 'Data', 'Developer', 'Publishing', 'Social', 'Work'] as const;
type Category = (typeof categories)[number];

export interface Capabilities {
  publish?: PublishCapability;
  /** How many tools the driver can run in this version. */
  tools: number;
  llm?: { chat: boolean; embeddings: boolean };
  sql?: { read: boolean; write: boolean };
}

export interface CatalogEntry {
  /** Equals the folder's name: `[a-z0-9-]`. */
  key: string;
  name: string;
  description: string;
  category: Category;
  /** Other names that people search for. */
  aliases: string[];
  authType: AuthType;
  /** Everything the entry offers, the primary one first. */
  authMethods: AuthMethod[];
  capabilities: Capabilities;
  /** An object schema: what to configure, apart from credentials. */
  configSchema: JsonSchema;
  /** An object schema with `oneOf` variants told apart by `method` (an AuthMethod as const). */
  authSchema: JsonSchema;
  schemaVersion: number;
}

export type Values = Record<string, unknown>;

/** How settings that were saved under one version of the schemas become those of the next. */
export interface SchemaMigration {
  /** What changes, in a sentence for the people who will save it. */
  describe: string;
  /**
   * Plain values in and out; it may change what it is given. A secret is an object that it leaves where it is, moves to
   * another path, or drops.
   */
  migrate(config: Values, auth: Values): { config: Values; auth: Values };
}

/** How the operator's variables describe a connector of this entry. */
export interface EnvironmentEntry {
  /** With any of these set there is a connector. */
  by: string[];
  /** The field that each variable fills, by its dotted path from the root, e.g. `auth.api_key`. */
  fields: Record<string, string>;
  /** Other words for a value, by the variable. */
  words?: Record<string, Record<string, string>>;
}

export interface Driver {
  entry: CatalogEntry;
  /** For entries of which the operator's variables can make a connector. */
  environment?: EnvironmentEntry;
  /** By the version that they start from; a version without one only changed what needs no migration. */
  migrations?: Record<number, SchemaMigration>;
  /** The service's API page for every config and auth field, by dotted path. */
  fieldDocs: Record<string, string>;
  /**
   * The origins (`https://host[:port]`, or `postgres://host:port`) that may receive this connector's secrets.
   * Depends on every field that can move them; adding to the set asks for the secrets again. A weaker way to the same place counts as
   * another one (`postgres://host:port?sslmode=disable`).
   */
  destinations(config: Values, auth: Values): string[];
  /** One line for the card, e.g. the site's host; never a secret. */
  summary?(config: Values): string;
  /** Set for the entry that can describe any service; the catalog offers it when nothing else matches. */
  generic?: boolean;
  /** True when this auth needs an authorised connection before the connector can be active. */
  needsConnection(auth: Values): boolean;
  /** How people authorise accounts; for entries with the auth method `oauth2`. */
  oauth?: OAuthProvider;
  /**
   * Asks the service for something that only a working credential with the usual rights gets, at the least cost.
   * @throws ServiceError that says whether it is the credential, a right, or the service itself
   */
  checkHealth?(context: ExecutionContext): Promise<HealthReport>;
  /** Who is connected. @throws ServiceError */
  whoami?(context: ExecutionContext): Promise<Account>;
  tools?: Tool[];
  /** For services with tables: how people look into them on the connector's pages. */
  browse?: Browsing;
  /**
   * Runs an operation that an admin imported from an OpenAPI document; its presence says that connectors can have such. Paths are below
   * the base of `proxy`, which it needs too.
   * @throws ServiceError
   */
  runOperation?(context: ExecutionContext, operation: OperationRequest, input: Values): Promise<unknown>;
  /** For programs that speak the service's own protocol. */
  proxy?: ServiceProxy;
  rateLimit?: RateLimitHeaders;
  /** For entries with the capability `llm`: how the gateway calls its models. */
  llm?: LlmProvider;
  /** For entries with the capability `publish`. */
  publisher?: Publisher;
  /** For entries that reach other services through accounts which a third party holds. */
  broker?: Broker;
  /**
   * Ends the credential at the service; false where it cannot be ended from here. `client` holds the OAuth client's own fields.
   * @throws ServiceError
   */
  revoke?(context: ExecutionContext, client: Values): Promise<boolean>;
  /**
   * `revoke` ends that one token and nothing else of the account, and each authorisation gives another token. Then what was replaced is
   * ended at the service as well; elsewhere that could end what took its place.
   */
  revokesOneToken?: boolean;
  /** Closes what the driver keeps open for a connector between calls, or for all of them when the hub stops. */
  release?(connectorId?: string): Promise<void>;
  /** The code repositories that the account sees, page by page. */
  listRepositories?(context: ExecutionContext): AsyncIterable<RepositoryRecord[]>;
}

/** A driver as the registry holds it. */
export interface LoadedDriver extends Driver {
  /** The text of its icon.svg. */
  icon: string;
  /** The operator's file that describes it; absent for what Patchbay comes with. */
  file?: string;
}

/** Declares a driver; `src/drivers/index.ts` finds and checks it. */
export const defineDriver = (driver: Driver): Driver => driver;
