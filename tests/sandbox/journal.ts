import type { Context } from 'hono';
import { type Counts, digest, type JournalEntry } from './control.ts';

/** Never written down, wherever they are sent. */
const secretNames = /^(code|state|nonce|code_verifier|code_challenge|.*token|.*secret|password|assertion)$/i;
const keptHeaders = ['accept', 'content-type', 'user-agent', 'x-github-api-version', 'if-none-match'];
const limit = 20_000;

/** What a stand-in was asked, the oldest first; the oldest are forgotten in the end. */
export class Journal {
  readonly entries: JournalEntry[] = [];
  private lastId = 0;

  /** Writes a request down when it arrives, so that those that are never answered are seen too. */
  async begin(c: Context): Promise<JournalEntry> {
    const sent = await formFields(c);
    const basic = basicUser(c.req.header('authorization'));
    const bearer = bearerToken(c.req.header('authorization'));
    this.lastId += 1;
    const entry: JournalEntry = {
      id: this.lastId,
      at: new Date().toISOString(),
      method: c.req.method,
      path: c.req.path,
      query: withoutSecrets(c.req.query()),
      headers: Object.fromEntries(keptHeaders.map((name) => [name, c.req.header(name) ?? ''])),
      status: null,
      token: bearer ? digest(bearer) : null,
      fault: null,
      grant_type: sent.grant_type ?? (sent.code ? 'authorization_code' : null),
      client_id: sent.client_id ?? basic,
      refresh_token: sent.refresh_token ? digest(sent.refresh_token) : null,
      granted: false,
    };
    this.entries.push(entry);
    if (this.entries.length > limit) this.entries.shift();
    return entry;
  }

  clear() {
    this.entries.length = 0;
  }

  counts(): Counts {
    const asked = this.entries.filter(({ grant_type }) => grant_type);
    const byGrant = (granted: boolean) =>
      tally(asked.flatMap((entry) => (entry.granted === granted ? [entry.grant_type ?? ''] : [])));
    const refreshes = Map.groupBy(
      asked.filter(({ refresh_token }) => refresh_token),
      ({ refresh_token }) => refresh_token ?? '',
    );
    return {
      granted: byGrant(true),
      refused: byGrant(false),
      refreshes: [...refreshes].map(([refresh_token, entries]) => ({
        refresh_token,
        asked: entries.length,
        granted: entries.filter(({ granted }) => granted).length,
      })),
    };
  }
}

const tally = (names: string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));

const withoutSecrets = (query: Record<string, string>) =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, secretNames.test(name) ? '…' : value]));

/** The fields of a form or a JSON object, as token endpoints take both; nothing for other bodies. */
export async function formFields(c: Context): Promise<Record<string, string>> {
  const type = c.req.header('content-type') ?? '';
  if (!/json|x-www-form-urlencoded/.test(type)) return {}; // files would not outlive being read as text
  const text = c.req.method === 'GET' ? '' : await c.req.text();
  if (type.includes('x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  return parseObject(text) as Record<string, string>;
}

export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The token of `Bearer …` or GitHub's older `token …`. */
export const bearerToken = (header: string | undefined): string | null =>
  /^(?:bearer|token)\s+(\S+)$/i.exec(header ?? '')?.[1] ?? null;

export function basicCredentials(header: string | undefined): { user: string; password: string } | null {
  const encoded = /^basic\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (!encoded) return null;
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { user, password: rest.join(':') };
}

const basicUser = (header: string | undefined) => basicCredentials(header)?.user ?? null;
