import type { Answer, TestApp } from './app.ts';
import type { Person } from './cast.ts';

let visitors = 0;

/**
 * Somebody's browser without JavaScript: keeps cookies by host, follows redirects by hand, and calls the app from an address of its
 * own, so that limits of one do not reach the next.
 */
export class Visitor {
  #hub: Pick<TestApp, 'app' | 'deps'>;
  readonly #jars = new Map<string, Map<string, string>>();
  readonly #address: string;
  readonly #origin: string;

  constructor(hub: Pick<TestApp, 'app' | 'deps'>) {
    this.#hub = hub;
    this.#origin = new URL(hub.deps.hub.config.baseUrl).origin;
    visitors += 1;
    this.#address = `198.51.100.${visitors}`;
  }

  /** Takes the person's session along. */
  as({ cookie }: Pick<Person, 'cookie'>): this {
    const { host } = new URL(this.#origin);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    for (const pair of cookie.split('; ')) keep(jar, pair);
    return this;
  }

  /** What the balancer in front of several replicas does. */
  moveTo(hub: Pick<TestApp, 'app' | 'deps'>): void {
    this.#hub = hub;
  }

  /** One request; redirects are not followed. */
  async send(url: string, { form }: { form?: Record<string, string> } = {}): Promise<Answer> {
    const at = new URL(url, this.#origin);
    const jar = this.#jars.get(at.host) ?? new Map<string, string>();
    this.#jars.set(at.host, jar);
    const init = {
      method: form ? 'POST' : 'GET',
      redirect: 'manual' as const,
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        'user-agent': 'Mozilla/5.0',
        ...(form && { origin: at.origin, 'sec-fetch-site': 'same-origin' }),
      },
      ...(form && { body: new URLSearchParams(form) }),
    };
    const socket = { remoteAddress: this.#address };
    const answer =
      at.origin === this.#origin
        ? await this.#hub.app.request(at.href, init, { incoming: { socket } })
        : await fetch(at, init);
    for (const cookie of answer.headers.getSetCookie()) keep(jar, cookie);
    return answer;
  }

  /** Follows redirects from here until the next one would lead to the hub; returns that address. */
  async throughProvider(url: string): Promise<string> {
    let at = url;
    for (let hop = 0; hop < 15; hop++) {
      const answer = await this.send(at);
      const location = answer.headers.get('location');
      if (!location) throw new Error(`${answer.status} at ${at}: ${(await answer.text()).slice(0, 300)}`);
      at = new URL(location, at).href;
      if (new URL(at).origin === this.#origin) return at;
    }
    throw new Error(`No end of redirects at ${at}`);
  }

  /** Begins at the hub; returns the address at the provider. */
  async begin(next = ''): Promise<string> {
    const answer = await this.send(`/api/auth/sso/start?${new URLSearchParams({ next })}`);
    return answer.headers.get('location') ?? `${answer.status}: ${await answer.text()}`;
  }

  /** The whole way to the hub's own answer. */
  async signIn(next = ''): Promise<Answer> {
    return this.send(await this.throughProvider(await this.begin(next)));
  }

  /** Whose session this browser has; null for nobody's. */
  async whoAmI(): Promise<string | null> {
    const session = await this.#hub.deps.identity.readSession(new Headers({ cookie: this.cookie }));
    return session?.user.email ?? null;
  }

  /** The Cookie header for the hub. */
  get cookie(): string {
    return [...(this.#jars.get(new URL(this.#origin).host) ?? [])]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
  }
}

function keep(jar: Map<string, string>, cookie: string): void {
  const [pair = '', ...attributes] = cookie.split(';');
  const cut = pair.indexOf('=');
  const [name, value] = [pair.slice(0, cut).trim(), pair.slice(cut + 1)];
  const ended = attributes.some((each) => /^\s*max-age=0$/i.test(each) || /expires=thu, 01 jan 1970/i.test(each));
  if (ended || !value) jar.delete(name);
  else jar.set(name, value);
}

/** What a page says, without its markup. */
export const textOf = async (answer: Response): Promise<string> =>
  /<main[\s\S]*<\/main>/
    .exec(await answer.text())?.[0]
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ') ?? '';
