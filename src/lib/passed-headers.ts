// Which headers pass when a request goes on to a service, and when the answer comes back.

/** About the one connection that they came over (RFC 9110, section 7.6.1), or about its body, which is sent anew. */
const ofTheHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'host',
];

/** Who the caller is to the hub, where the request came from, and what makes it another request than it seems. */
const notForServices = [
  ...ofTheHop,
  ...['authorization', 'cookie', 'cookie2', 'proxy-authorization', 'x-api-key', 'api-key', 'x-tenant', 'x-request-id'],
  ...['origin', 'referer', 'forwarded', 'via', 'x-real-ip', 'true-client-ip', 'accept-encoding', 'dnt'],
];
const notForServicesBy =
  /^(sec-|hx-|cf-|x-forwarded|x-http-method|x-method-override|x-original-|x-rewrite-|access-control-)/;

/** The caller's headers without what is none of the service's business. */
export function headersForService(sent: Headers): Headers {
  const hop = namedBy(sent);
  const passes = (name: string) => !notForServices.includes(name) && !notForServicesBy.test(name) && !hop.has(name);
  return new Headers([...sent].filter(([name]) => passes(name)));
}

/** Headers that `Connection` names are of the hop as well. */
const namedBy = (headers: Headers) =>
  new Set(
    (headers.get('connection') ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );

/** What describes the answer. Of the headers beginning with `x-` those do not pass that browsers and servers in front act upon. */
const known = [
  ...['content-type', 'content-language', 'content-disposition', 'content-range', 'accept-ranges', 'allow'],
  ...['etag', 'last-modified', 'retry-after', 'link', 'deprecation', 'sunset'],
];
const knownBy = /^(x-|ratelimit)/;
const actedUpon =
  /^x-(accel-|sendfile|lighttpd-|litespeed-|reproxy-|frame-options|content-|xss-|permitted-|dns-prefetch|sourcemap|ua-compatible|robots|powered-by|request-id$)/;

/**
 * The service's headers that are safe to hand on, without the texts that nobody may see.
 * @param secrets what the request carried as its credential
 */
export function headersForCaller(answered: Headers, secrets: string[]): Headers {
  const passes = (name: string) => known.includes(name) || (knownBy.test(name) && !actedUpon.test(name));
  const hidden = spelled(secrets);
  const headers = new Headers();
  for (const [name, value] of answered) if (passes(name)) headers.append(name, without(value, hidden));
  return headers;
}

/**
 * The texts of a credential that nobody may see: whole, of `Bearer …` the part that counts, and what Basic only wraps up.
 * @param credential the headers and query parameters that prove the account
 */
export const textsOf = ({
  headers = {},
  query = {},
}: {
  headers?: Record<string, string>;
  query?: Record<string, string>;
}): string[] => [...Object.values(query), ...Object.values(headers).flatMap(textsOfHeader)];

function textsOfHeader(value: string): string[] {
  const last = value.split(' ').at(-1) ?? '';
  if (!/^basic /i.test(value)) return [value, last];
  const pair = Buffer.from(last, 'base64').toString('utf8');
  return [value, last, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** The text with every secret in it, also as addresses, forms and JSON write it, replaced. */
export const withoutTexts = (text: string, secrets: string[]): string => without(text, spelled(secrets));

const without = (text: string, spellings: string[]): string =>
  spellings.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);

/** The longest first, so that none is cut in two by a shorter one. */
export const spelled = (secrets: string[]): string[] =>
  [...new Set(secrets.flatMap(spellings))].filter(Boolean).sort((a, b) => b.length - a.length);

const spellings = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret.toWellFormed()),
  new URLSearchParams([['', secret]]).toString().slice(1),
  JSON.stringify(secret).slice(1, -1),
];
