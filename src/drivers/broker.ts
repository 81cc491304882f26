import type { JsonSchema } from '../lib/schema/json-schema.ts';
import type { ExecutionContext, SideEffect } from './execution.ts';

type Values = Record<string, unknown>;

// A broker holds accounts at many services for us: it has their tokens, we have its key. What it calls a toolkit is one such service.

export interface BrokerPage<T> {
  items: T[];
  /** What `cursor` takes for what follows; null at the end. */
  nextCursor: string | null;
}

export interface BrokerCategory {
  slug: string;
  name: string;
}

export interface ToolkitSummary {
  /** In lower case. */
  slug: string;
  name: string;
  description: string;
  /** An https address of a picture, or null. */
  logo: string | null;
  categories: BrokerCategory[];
  /** Null where the broker does not tell. */
  toolsCount: number | null;
  /** In lower case: `oauth2`, `api_key`, `basic`, `bearer_token` and others; the first one is offered first. */
  schemes: string[];
  /** Of the schemes: those for which the broker brings an OAuth client of its own. */
  managedSchemes: string[];
  /** Its tools need no account. */
  noAuth: boolean;
  /** Which version of its tools is the newest; null where the broker does not tell. */
  version: string | null;
  deprecated: boolean;
}

export interface ToolkitScheme {
  /** In lower case, as the broker names it otherwise. */
  scheme: string;
  title: string;
  /** How an account comes to be: a person agrees on the service's page, somebody enters values here, or nothing is needed. */
  connects: 'link' | 'values' | 'none';
  /** The broker brings the OAuth client: an auth config needs no values then. */
  managed: boolean;
  /** An object schema: what an auth config of our own needs; secrets have `x-secret`. */
  configFields: JsonSchema;
  /** An object schema: what is entered for an account; secrets have `x-secret`. */
  accountFields: JsonSchema;
  /** Where the service explains how to get these, or null. */
  helpUrl: string | null;
  /** Why it cannot be offered, as a sentence; null when it can. */
  unusable: string | null;
}

export interface ToolkitDetails extends ToolkitSummary {
  authSchemes: ToolkitScheme[];
  /** The service's own address where the broker tells it, or null. */
  appUrl: string | null;
}

export interface BrokerTool {
  /** In lower case. */
  slug: string;
  /** As the broker writes it; what `executeTool` takes. */
  key: string;
  toolkit: string;
  title: string;
  description: string;
  /** Passed the lint of foreign schemas; an open object when it is unusable. */
  input: JsonSchema;
  output: JsonSchema;
  /** Null where the broker does not tell; such a tool is not run. */
  version: string | null;
  /** `write` unless the broker says that it only reads. */
  sideEffect: SideEffect;
  scopes: string[];
  noAuth: boolean;
  deprecated: boolean;
  /** Why it cannot be run, as a sentence; null when it can. */
  unusable: string | null;
}

export interface BrokerAuthConfig {
  id: string;
  name: string;
  toolkit: string;
  scheme: string;
  /** The OAuth client is the broker's own. */
  managed: boolean;
  enabled: boolean;
}

export const brokerAccountStatuses = ['initiated', 'active', 'failed', 'expired', 'inactive', 'revoked'] as const;
export type BrokerAccountStatus = (typeof brokerAccountStatuses)[number];

export interface BrokerAccount {
  id: string;
  status: BrokerAccountStatus;
  /** What the broker says about the status, without secrets; null when it says nothing. */
  reason: string | null;
  /** Who it is at the service, where the broker tells; null otherwise. */
  label: string | null;
  /** Null where the broker does not tell. */
  toolkit: string | null;
  authConfigId: string | null;
  scheme: string | null;
}

/** A page where a person gives the account; nothing is connected before `getAccount` says so. */
export interface BrokerLink {
  accountId: string;
  redirectUrl: string;
  /** ISO 8601; null where the broker does not tell. */
  expiresAt: string | null;
}

export interface BrokerResult {
  /** As the tool gave it. */
  data: unknown;
  /** By which the broker's support finds the run; null where it does not tell. */
  logId: string | null;
}

export interface BrokerEvent {
  id: string;
  /** `account_expired`: read the account again. `other`: nothing that concerns accounts. */
  kind: 'account_expired' | 'other';
  accountId: string | null;
  reason: string | null;
  /** ISO 8601. */
  at: string;
}

/**
 * What a third party that holds the tokens offers. Every function throws ServiceError; nothing is repeated by itself but what only reads.
 * Everything that it answers is plain data of ours: missing and unknown parts became safe defaults.
 */
export interface Broker {
  /** Milliseconds for one call, from the connector's settings. */
  timeoutMs(config: Values): number;
  listToolkits(
    context: ExecutionContext,
    input: { search?: string; category?: string; cursor?: string; limit: number },
  ): Promise<BrokerPage<ToolkitSummary>>;
  listCategories(context: ExecutionContext): Promise<BrokerCategory[]>;
  /** @throws ServiceError `not_found` */
  getToolkit(context: ExecutionContext, slug: string): Promise<ToolkitDetails>;
  /** @param input.keys the tools' own keys, in any case; at most as many as `limit` */
  listTools(
    context: ExecutionContext,
    input: { toolkit?: string; search?: string; keys?: string[]; cursor?: string; limit: number },
  ): Promise<BrokerPage<BrokerTool>>;
  /**
   * Not idempotent: ask it once, and keep the id.
   * @param input.values for the scheme's `configFields`; nothing is needed when managed
   * @throws ServiceError `input` where the broker has no OAuth client of its own for it; `field` names the value to mend
   */
  createAuthConfig(
    context: ExecutionContext,
    input: { toolkit: string; scheme: string; managed: boolean; name: string; values: Values },
  ): Promise<BrokerAuthConfig>;
  /** @throws ServiceError `not_found` when it was deleted at the broker */
  getAuthConfig(context: ExecutionContext, authConfigId: string): Promise<BrokerAuthConfig>;
  deleteAuthConfig(context: ExecutionContext, authConfigId: string): Promise<void>;
  /**
   * Starts an account whose scheme connects by `link`. Not idempotent.
   * @param input.callbackUrl where the person is sent afterwards; its query is kept, and what is added to it proves nothing
   */
  linkAccount(
    context: ExecutionContext,
    input: { authConfigId: string; brokerUserId: string; callbackUrl: string },
  ): Promise<BrokerLink>;
  /** Makes an account whose scheme connects by `values`. Not idempotent. @throws ServiceError whose `field` names the value to mend */
  createAccount(
    context: ExecutionContext,
    input: { authConfigId: string; brokerUserId: string; scheme: string; values: Values },
  ): Promise<BrokerAccount>;
  /** @throws ServiceError `not_found` when it was deleted at the broker */
  getAccount(context: ExecutionContext, accountId: string): Promise<BrokerAccount>;
  setAccountEnabled(context: ExecutionContext, accountId: string, enabled: boolean): Promise<void>;
  /** Ends the tokens at the service; false where that cannot be done from here, so that only deleting is left. */
  revokeAccount(context: ExecutionContext, accountId: string): Promise<boolean>;
  /** The broker forgets the account; one that it does not know any more is no failure. */
  deleteAccount(context: ExecutionContext, accountId: string): Promise<void>;
  /**
   * Runs a tool, once. The broker's id of the run is noted as the call's request id, also when the tool fails.
   * @param input.accountId left out for tools that need no account
   * @throws ServiceError also when the broker answers and the tool failed, with the tool's own sentence
   */
  executeTool(
    context: ExecutionContext,
    input: { tool: string; version: string; accountId?: string; brokerUserId: string; arguments: Values },
  ): Promise<BrokerResult>;
  /**
   * Reads what the broker sent to us; asks nobody.
   * @param input.body as it came, byte for byte
   * @throws ServiceError `credential` when the signature is not right or older than five minutes, `input` when it cannot be read
   */
  verifyWebhook(input: { secret: string; headers: Headers; body: string }): Promise<BrokerEvent>;
}
