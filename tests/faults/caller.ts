import { setTimeout as sleep } from 'node:timers/promises';

/** What came of a request; status 0 when there was no answer. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: drills look into answers path by path
  body: any;
  headers: Headers;
  ms: number;
  /** Why there was no answer, e.g. ECONNREFUSED. */
  error: string | null;
}

const patienceMs = 60_000;

/** Somebody at the API: a person with a session, or a program with a key. Measures how long each answer takes. */
export class Caller {
  longestMs = 0;
  url: string;
  readonly headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string>) {
    this.url = url;
    this.headers = headers;
  }

  static async signIn(url: string, account: { email: string; password: string }): Promise<Caller> {
    const visitor = new Caller(url, {});
    let answer = await visitor.send('POST', '/api/auth/sign-in/email', account);
    // On a machine that is busy with its start the first one may come too early.
    for (let attempt = 0; answer.status === 503 && attempt < 5; attempt++) {
      await sleep(1_000);
      answer = await visitor.send('POST', '/api/auth/sign-in/email', account);
    }
    const { status, headers, body } = answer;
    if (status !== 200) throw new Error(`Signing in answered ${status}: ${JSON.stringify(body)}`);
    const cookie = headers.getSetCookie().map((line) => line.split(';')[0]);
    return new Caller(url, { cookie: cookie.join('; ') });
  }

  /** The same caller at another replica. */
  at(url: string): Caller {
    return new Caller(url, this.headers);
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const started = performance.now();
    const done = (answer: Pick<Answer, 'status' | 'body' | 'headers' | 'error'>): Answer => {
      const ms = performance.now() - started;
      this.longestMs = Math.max(this.longestMs, ms);
      return { ...answer, ms };
    };
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const answer = await fetch(this.url + path, {
        ...{ method, redirect: 'manual', signal: AbortSignal.timeout(patienceMs) },
        headers: { origin: this.url, ...json, ...this.headers, ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await answer.text();
      return done({ status: answer.status, headers: answer.headers, body: parsed(text), error: null });
    } catch (error) {
      return done({ status: 0, headers: new Headers(), body: null, error: reasonOf(error) });
    }
  }

  /** As `send`. @throws Error when the status is another one */
  async must(status: number, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await this.send(method, path, body, headers);
    if (answer.status !== status)
      throw new Error(
        `${method} ${path} answered ${answer.status} ${answer.error ?? ''} ${JSON.stringify(answer.body)?.slice(0, 500)}`,
      );
    return answer;
  }

  /** A program with a key that this person makes. */
  async program(name: string): Promise<Caller> {
    const { body } = await this.must(201, 'POST', '/api/api-keys', { name, role: 'admin', scopes: keyScopes });
    return new Caller(this.url, { authorization: `Bearer ${body.key}` });
  }
}

const keyScopes = ['catalog:read', 'connectors:read', 'connectors:write', 'tools:read', 'tools:execute'];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, name } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    if (name === 'TimeoutError') return 'TIMEOUT';
  }
  return String(error);
}
