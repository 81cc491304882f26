import { createHash } from 'node:crypto';

/** What can go wrong at a stand-in; docs/sandbox.md says what each does. */
export type FaultName =
  | 'status'
  | 'html'
  | 'error_in_200'
  | 'hang'
  | 'drop'
  | 'lose_answer'
  | 'slow'
  | 'redirect'
  | 'huge'
  | 'no_token_type'
  | 'form_encoded'
  | 'rate_limited'
  | 'secondary_rate_limited'
  | 'quota';

export interface FaultOptions {
  /** An exact path, or the beginning of one with `*` at its end; every path when left out. */
  path?: string;
  method?: string;
  /** For so many requests; until cleared when left out. */
  times?: number;
  status?: number;
  headers?: Record<string, string>;
  /** Text is sent as it is, everything else as JSON. */
  body?: unknown;
  delay_ms?: number;
  location?: string;
  bytes?: number;
  /** Seconds. */
  retry_after?: number;
  remaining?: number;
}

export interface Fault extends FaultOptions {
  fault: FaultName;
}

/** One request as the stand-in saw it; secrets appear as digests only. */
export interface JournalEntry {
  id: number;
  at: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** Null while it is unanswered, and when the connection was cut. */
  status: number | null;
  /** Digest of the credential that was sent, or null. */
  token: string | null;
  fault: FaultName | null;
  grant_type: string | null;
  client_id: string | null;
  /** Digest of the refresh token that was sent, or null. */
  refresh_token: string | null;
  /** Whether tokens were issued, also when the answer was lost afterwards. */
  granted: boolean;
}

/** What reached the token endpoint, counted by the stand-in. */
export interface Counts {
  /** Tokens issued, by grant type. */
  granted: Record<string, number>;
  /** Asked in vain, by grant type. */
  refused: Record<string, number>;
  /** One for each refresh token that anybody sent. */
  refreshes: { refresh_token: string; asked: number; granted: number }[];
}

export interface TokenInfo {
  /** Its digest. */
  token: string;
  kind: string;
  account: string | null;
  client_id: string | null;
  scopes: string[];
  state: 'active' | 'expired' | 'revoked';
}

/** Which tokens: one by itself or its digest, those of an account, or all. */
export interface TokenMatch {
  token?: string;
  account?: string;
  kind?: string;
}

/** A secret's stand-in in journals and counts. */
export const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 16);

export type Control = ReturnType<typeof controlOf>;

/** Drives a stand-in from any process by its URL. */
export function controlOf(url: string) {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/_control${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} /_control${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    url,
    /** Breaks what matches, for the next `times` requests or until `clearFaults`. */
    fault: (fault: FaultName, options: FaultOptions = {}) => ask<Fault>('POST', '/faults', { fault, ...options }),
    faults: async () => (await ask<{ data: Fault[] }>('GET', '/faults')).data,
    clearFaults: () => ask('DELETE', '/faults'),
    /** What was asked so far, the oldest first. */
    requests: async (path?: string) =>
      (await ask<{ data: JournalEntry[] }>('GET', `/requests${path ? `?path=${encodeURIComponent(path)}` : ''}`)).data,
    clearRequests: () => ask('DELETE', '/requests'),
    counts: () => ask<Counts>('GET', '/counts'),
    tokens: async () => (await ask<{ data: TokenInfo[] }>('GET', '/tokens')).data,
    /** Makes tokens unusable, as when a person removes the app; returns how many. */
    revoke: async (match: TokenMatch = {}) => (await ask<{ count: number }>('POST', '/tokens/revoke', match)).count,
    /** Lets tokens run out now; returns how many. */
    expire: async (match: TokenMatch = {}) => (await ask<{ count: number }>('POST', '/tokens/expire', match)).count,
    /** The tokens answer for another account from now on; returns how many. */
    reassign: async (match: TokenMatch, to: string) =>
      (await ask<{ count: number }>('POST', '/tokens/reassign', { ...match, to })).count,
    /** Adds an OAuth client, or gives the one of that id other addresses. */
    register: (client: Record<string, unknown>) => ask('POST', '/clients', client),
    /** Changes how the stand-in behaves; which settings there are is in docs/sandbox.md. */
    settings: (values: Record<string, unknown>) => ask<Record<string, unknown>>('PATCH', '/settings', values),
    /** As freshly started: no faults, an empty journal, the seeded data and tokens. */
    reset: () => ask('POST', '/reset'),
  };
}
