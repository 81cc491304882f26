import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HubProcess, runCommand, startHub } from '../support/processes.ts';
import { type MailServer, mailServer } from '../support/smtp.ts';
import { CanaryBook } from './canary-book.ts';
import { type CanaryService, canaryService } from './canary-service.ts';

// biome-ignore lint/suspicious/noExplicitAny: ways look into answers path by path
type Json = any;

export interface Asked {
  /** Sent as JSON; a text as it is. */
  body?: unknown;
  /** Sent as a browser without JavaScript sends it. */
  form?: Record<string, string>;
  headers?: Record<string, string>;
  /** Whose request it is; Ada’s by her session when nothing is said, `null` for nobody’s. */
  as?: string | null;
  /** What it has to be answered with, so that no way in is closed unnoticed. */
  wants?: number;
}

export interface Answered {
  text: string;
  json: Json;
  headers: Headers;
  /** What this answer is called among the places that are searched. */
  place: string;
}

const password = 'correct horse battery';

/** The real program with a database, a mail server and a service of its own; remembers every answer. */
export class CanaryHub {
  readonly book = new CanaryBook();
  readonly places: [place: string, bytes: Buffer][] = [];
  readonly dir: string;
  readonly #hub: HubProcess;
  readonly #env: Record<string, string>;
  readonly service: CanaryService;
  readonly mail: MailServer;
  /** Ada’s session. */
  cookie = '';

  private constructor(parts: Pick<CanaryHub, 'dir' | 'service' | 'mail'> & { hub: HubProcess; env: Json }) {
    this.dir = parts.dir;
    this.service = parts.service;
    this.mail = parts.mail;
    this.#hub = parts.hub;
    this.#env = parts.env;
  }

  static async start(): Promise<CanaryHub> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-canaries-'));
    chmodSync(dir, 0o755); // the database runs as another user when the tests run as root
    mkdirSync(path.join(dir, 'work'));
    const [service, mail] = await Promise.all([canaryService(), mailServer()]);
    const overridden = [service.url, 'https://github.com', 'https://api.github.com', 'https://api.medium.com'];
    const env = {
      DATA_DIR: path.join(dir, 'data'),
      ...{ ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password, ADMIN_TENANT: 'Northwind' },
      UPSTREAM_OVERRIDES: JSON.stringify(Object.fromEntries(overridden.map((origin) => [origin, service.target]))),
      ALLOWED_PRIVATE_HOSTS: `${new URL(service.target).host},127.0.0.1:1`,
    };
    const hub = await startHub({
      ...{ ...env, LOG_LEVEL: 'trace', METRICS_TOKEN: 'a token for metrics', SMTP_FROM: 'hub@example.com' },
      SMTP_URL: mail.url,
      NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${dir}`,
    });
    const at = new CanaryHub({ dir, service, mail, hub, env });
    at.cookie = (await at.signIn('ada@example.com', password)).cookie;
    return at;
  }

  get url(): string {
    return this.#hub.url;
  }

  /** One request; waits where the hub asks for it, as every client does. */
  async ask(method: string, to: string, asked: Asked = {}): Promise<Answered> {
    const { body, form, as = this.cookie, wants } = asked;
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const payload =
      body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
    const who: Record<string, string> =
      as === null ? {} : as.startsWith('pb') ? { authorization: `Bearer ${as}` } : { cookie: as };
    for (let tries = 1; ; tries++) {
      const answer = await fetch(new URL(to, this.url), {
        method,
        headers: { ...json, ...who, ...asked.headers },
        body: form ? new URLSearchParams(form) : payload,
        redirect: 'manual',
      });
      const text = await answer.text();
      const place = `${this.places.length} ${method} ${to.split('?')[0]}: ${answer.status}`;
      this.places.push([place, Buffer.from(text + JSON.stringify([...answer.headers]))]);
      const wait = Number(answer.headers.get('retry-after') ?? 1);
      if (answer.status === 429 && wait < 60 && tries < 20) {
        await sleep(1000 * wait);
        continue;
      }
      if (wants && answer.status !== wants)
        throw new Error(`${this.book.way}: ${place}, not ${wants}: ${text.slice(0, 2_000)}`);
      return { text, json: parsed(text), headers: answer.headers, place };
    }
  }

  async signIn(email: string, secret: string): Promise<{ cookie: string; answer: Answered }> {
    const answer = await this.ask('POST', '/api/auth/sign-in/email', {
      body: { email, password: secret },
      as: null,
      wants: 200,
    });
    return { cookie: cookiesOf(answer), answer };
  }

  /** One of the operator’s commands; what it prints is a place too. */
  async command(
    file: string,
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ place: string; out: string }> {
    const { out, err } = await runCommand(`src/commands/${file}.ts`, {
      args,
      env: { ...this.#env, BASE_URL: this.url, ...env },
    });
    return { out: out + err, place: this.#add(`the command ${file}`, out + err) };
  }

  /** The next mail after so many. */
  async mailAfter(count: number): Promise<{ place: string; text: string }> {
    const { text, raw } = await this.mail.next(count);
    return { text, place: this.#add('a mail', text + raw) };
  }

  #add(name: string, text: string): string {
    const place = `${this.places.length} ${name}`;
    this.places.push([place, Buffer.from(text)]);
    return place;
  }

  takeHeap = (): boolean => this.#hub.child.kill('SIGUSR2');

  /** Ends with everything written down; returns what was logged. */
  async stop(): Promise<string> {
    await this.#hub.stop();
    return this.#hub.output();
  }

  async close(): Promise<void> {
    this.#hub.child.kill('SIGKILL');
    await Promise.all([this.service.close(), this.mail.close()]);
  }
}

export const cookiesOf = ({ headers }: Answered): string =>
  headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
