type Values = Record<string, unknown>;

export type LlmOperation = 'chat' | 'embeddings' | 'models';
export type LlmTier = 'low' | 'medium' | 'high';

/** Tokens, as the provider counts them. */
export interface LlmTokens {
  in: number;
  /** Of `in`: those that the provider still had. */
  cached: number;
  out: number;
}

/** A provider of language models that speaks OpenAI's protocol: what the gateway has to know about it. */
export interface LlmProvider {
  /** Where an operation is. */
  url(config: Values, operation: LlmOperation): string;
  /** What proves the account and names it; nothing of the caller's stands beside it. */
  headers(config: Values, auth: Values): Record<string, string>;
  /** The model behind each tier, and the one for vectors. */
  models(config: Values): Record<LlmTier | 'embeddings', string>;
  /** Milliseconds for an answer, and in a stream between two of its pieces. */
  timeoutMs(config: Values): number;
  /** What an answer, or an event of a stream, says that was used; null when it does not say, or nothing that can be true. */
  tokensOf(answer: Values): LlmTokens | null;
  /** By which name the table of public prices knows the provider. */
  priceList: string;
}
