/**
 * Where requests to an origin go instead: how stand-ins and proxies in between are wired. It applies to every address that the hub
 * calls or sends a browser to.
 */
export interface Overrides {
  readonly size: number;
  /** `[original, target]` origins. */
  entries(): [string, string][];
  /** Where this address really is; the same one when its origin is not overridden. */
  forward(url: URL): URL;
  /** The address as everybody else knows it: one at the target becomes one at `origin`, if that goes there, else at the first that does. */
  back(url: URL, origin?: string): URL;
  /** True for the origin of a target: it is reached in the place of another one, never by its own name. */
  isTarget(origin: string): boolean;
  /** The hosts of targets at this port, without the brackets of IPv6. */
  targetsAt(port: number): string[];
}

/**
 * Reads `{"https://api.example.com": "http://127.0.0.1:4001"}`.
 * @throws Error that says which part is wrong
 */
export function parseOverrides(text: string): Overrides {
  const pairs = Object.entries(readObject(text)).map(([from, to]): [string, string] => [origin(from), origin(to)]);
  const byOriginal = new Map(pairs);
  const targets = new Set(byOriginal.values());
  const moved = (url: URL, to: string) => new URL(url.pathname + url.search + url.hash, to);
  return Object.freeze({
    size: byOriginal.size,
    entries: () => [...byOriginal],
    forward: (url: URL) => {
      const target = byOriginal.get(url.origin);
      return target ? moved(url, target) : url;
    },
    back: (url: URL, wanted?: string) => {
      if (!targets.has(url.origin)) return url;
      if (wanted && byOriginal.get(wanted) === url.origin) return moved(url, wanted);
      const [first] = pairs.find(([, target]) => target === url.origin) ?? [url.origin];
      return moved(url, first);
    },
    isTarget: (text: string) => targets.has(text),
    targetsAt: (port: number) =>
      [...targets]
        .map((text) => new URL(text))
        .filter((url) => portOf(url) === port)
        .map(({ hostname }) => hostname.replace(/^\[|\]$/g, '')),
  });
}

const portOf = ({ port, protocol }: URL) => Number(port) || (protocol === 'https:' ? 443 : 80);

function readObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text || '{}');
  } catch {
    throw new Error('it is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not a JSON object');
  return value as Record<string, unknown>;
}

function origin(text: unknown): string {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url && ['http:', 'https:'].includes(url.protocol) && [url.origin, `${url.origin}/`].includes(String(text)))
    return url.origin;
  throw new Error(`${JSON.stringify(text)} is no origin such as https://api.example.com`);
}
