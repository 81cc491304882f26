import type { Config } from '../../config.ts';
import { addressList, clientAddress } from '../../lib/client-address.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What one request tells about the way that it took. */
export interface Route {
  /** The page's address as the browser itself named it; null when it did not. */
  browser: string | null;
  host: string | null;
  forwarded: { proto: string | null; host: string | null; port: string | null; prefix: string | null };
  forwardedFor: string | null;
  /** Who sent it to us: the browser, or the last proxy. */
  peer: string | null;
}

type Part = 'scheme' | 'host' | 'port' | 'prefix';
/** What is not known is left out. */
type Parts = Partial<Record<Part, string>>;

export interface AddressReport {
  /** Who says so; null when nobody does. */
  source: 'browser' | 'proxy' | 'request' | null;
  parts: { part: Part; seen: string | null; wanted: string; same: boolean }[];
  findings: Finding[];
}

type Settings = Pick<Config, 'baseUrl' | 'secure' | 'trustedProxies'>;

/** Holds the address that a browser used for a page of operators against BASE_URL. */
export function compareAddress(config: Settings, route: Route): AddressReport {
  const { source, parts: seen } = readSeen(route);
  const wanted = partsOf(new URL(config.baseUrl), new URL(config.baseUrl).pathname);
  const parts = names.map((part) => ({
    part,
    seen: seen[part] ?? null,
    wanted: wanted[part] ?? '',
    same: seen[part] === undefined || isSame(part, seen[part], wanted[part] ?? ''),
  }));
  const wrong = parts.filter(({ same }) => !same).map(({ part }) => part);
  const finding = source === 'proxy' ? byProxy(config, seen, wanted, wrong) : byBrowser(config, source, seen, wrong);
  return { source, parts, findings: [finding, ...checkProxy(config, route)] };
}

const names: Part[] = ['scheme', 'host', 'port', 'prefix'];
const defaultPorts: Record<string, string> = { http: '80', https: '443' };

function partsOf(url: URL, pathname: string | null): Parts {
  const scheme = url.protocol.slice(0, -1);
  const parts = { scheme, host: url.hostname, port: url.port || (defaultPorts[scheme] ?? '') };
  return pathname === null ? parts : { ...parts, prefix: pathname.replace(/\/$/, '') };
}

/** The browser knows best; then a proxy that tells; a Host header only where no proxy is in between. */
function readSeen({ browser, host, forwarded, forwardedFor }: Route): {
  source: AddressReport['source'];
  parts: Parts;
} {
  const page = browser === null ? null : URL.parse(browser);
  if (page) return { source: 'browser', parts: partsOf(page, prefixOf(page.pathname)) };
  if (forwarded.proto || forwarded.host) return { source: 'proxy', parts: forwardedParts(forwarded) };
  const direct = forwardedFor === null && host ? URL.parse(`http://${host}`) : null;
  if (direct) return { source: 'request', parts: { host: direct.hostname, port: direct.port || '80' } };
  return { source: null, parts: {} };
}

/** What stands before the page's own path. */
const prefixOf = (pathname: string) => /^(.*)\/operator(\/|$)/.exec(pathname)?.[1] ?? null;

function forwardedParts({ proto, host, port, prefix }: Route['forwarded']): Parts {
  const first = (text: string | null) => text?.split(',')[0]?.trim() || undefined;
  const scheme = first(proto)?.toLowerCase();
  const named = host ? URL.parse(`${scheme === 'https' ? 'https' : 'http'}://${first(host)}`) : null;
  const told = first(port) ?? (named?.port || (scheme && host ? defaultPorts[scheme] : undefined));
  const before = first(prefix)?.replace(/\/$/, '');
  return {
    ...(scheme && { scheme }),
    ...(named && { host: named.hostname }),
    ...(told && { port: told }),
    ...(before !== undefined && { prefix: before }),
  };
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** As for changes: on one's own machine the names are one. */
const isSame = (part: Part, seen: string, wanted: string) =>
  seen === wanted || (part === 'host' && loopback.has(seen) && loopback.has(wanted));

const check = 'address';

function byBrowser(
  { baseUrl, secure }: Settings,
  source: AddressReport['source'],
  seen: Parts,
  wrong: Part[],
): Finding {
  if (source === 'browser') return wrong.length ? browserElsewhere(baseUrl, seen, wrong) : sameAddress(baseUrl);
  // A proxy may replace Host, and https needs one; so another host is no fault that could be seen from here.
  if (source === 'request' && !secure && !wrong.length)
    return ok(check, `The request was sent to ${addressOf(seen)}, as BASE_URL says.`);
  return warn(
    check,
    `The request does not tell which address the browser used${seen.host ? `; it was sent on to ${addressOf(seen)}` : ''}.`,
    `Look whether the address bar begins with ${baseUrl}, or open this page with JavaScript: then it looks itself.`,
  );
}

const sameAddress = (baseUrl: string) => ok(check, `The browser uses ${baseUrl}, as BASE_URL says.`);

function browserElsewhere(baseUrl: string, seen: Parts, wrong: Part[]): Finding {
  const used = addressOf(seen);
  const steps = [`Set BASE_URL=${used} and start every hub again, or open ${baseUrl} instead.`];
  if (seen.scheme === 'http' && wrong.includes('scheme'))
    steps.push('If https is meant to be used, let the proxy redirect http to it: cookies are kept for https alone.');
  if (wrong.includes('prefix')) steps.push('The proxy has to pass the path on as it is, with its prefix.');
  return fail(
    check,
    `The browser uses ${used}, but BASE_URL is ${baseUrl}: ${list(wrong)} ${wrong.length === 1 ? 'differs' : 'differ'}, and changes are refused.`,
    steps.join(' '),
  );
}

const headers: Record<Part, string> = {
  scheme: 'X-Forwarded-Proto',
  host: 'X-Forwarded-Host',
  port: 'X-Forwarded-Port',
  prefix: 'X-Forwarded-Prefix',
};

function byProxy({ baseUrl }: Settings, seen: Parts, wanted: Parts, wrong: Part[]): Finding {
  if (!wrong.length) return ok(check, `The proxy says that the browser uses what BASE_URL says: ${baseUrl}.`);
  const told = wrong.map((part) => `${headers[part]}: ${seen[part]}`);
  const right = wrong.map((part) => `${headers[part]}: ${wanted[part]}`);
  return warn(
    check,
    `The proxy says ${list(told)}, but BASE_URL is ${baseUrl}.`,
    `If the proxy is right, set BASE_URL=${addressOf({ ...wanted, ...seen })} and start every hub again. If BASE_URL is, let the proxy send ${list(right)}.`,
  );
}

function addressOf({ scheme = 'http', host = '', port, prefix = '' }: Parts): string {
  const shown = !port || port === defaultPorts[scheme] ? '' : `:${port}`;
  return `${scheme}://${host}${shown}${prefix}`;
}

const list = (words: string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** By the caller's address sign-ins are limited and logged; a proxy must not stand for everybody. */
function checkProxy({ secure, trustedProxies }: Settings, { peer, forwardedFor }: Route): Finding[] {
  const address = clientAddress(peer ?? undefined, undefined, addressList([]));
  if (!address) return [];
  const trusted = isTrusted(address, trustedProxies);
  if (forwardedFor !== null && !trusted)
    return [
      warn(
        'proxy',
        `${address} sends X-Forwarded-For but is not in TRUSTED_PROXIES: it is taken for the caller, and limits count everybody behind it as one.`,
        `If ${address} is your proxy, set TRUSTED_PROXIES=${[...trustedProxies, address].join(',')} and start every hub again.`,
      ),
    ];
  if (forwardedFor !== null) return [ok('proxy', `${address} is trusted and tells who calls.`)];
  if (!trusted && !secure) return [];
  const why = trusted ? 'is in TRUSTED_PROXIES' : 'has to be a proxy, as BASE_URL is https';
  return [
    warn(
      'proxy',
      `${address} ${why}, but sends no X-Forwarded-For: limits count everybody behind it as one.`,
      'Let the proxy send it; in nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for.',
    ),
  ];
}

/** A proxy of ours is skipped in the chain, so that the hop before it would be the caller. */
const isTrusted = (address: string, proxies: readonly string[]) =>
  clientAddress(address, '192.0.2.1', addressList(proxies)) === '192.0.2.1';
