import { expect, it } from 'vitest';
import { headersForCaller, headersForService, spelled, textsOf, withoutTexts } from '../../src/lib/passed-headers.ts';

it('hands a service what concerns it, and nothing of who asks or of the way', () => {
  const passes = {
    accept: 'text/plain',
    'content-type': 'text/csv',
    'x-not-sec-fetch': '1',
    'if-none-match': '"1"',
    'x-custom': 'a',
    range: 'bytes=0-1',
  };
  const stays = {
    authorization: 'Bearer pbk_x',
    cookie: 'session=1',
    'proxy-authorization': 'Basic x',
    'x-api-key': 'pbk_x',
    'x-tenant': 't',
    connection: 'keep-alive, X-Hop',
    'x-hop': '1',
    'keep-alive': 'timeout=5',
    'proxy-connection': 'keep-alive',
    trailer: 'x-end',
    expect: '100-continue',
    cookie2: '$Version=1',
    'api-key': 'pbk_x',
    'x-request-id': 'r',
    via: '1.1 proxy',
    'true-client-ip': '1.2.3.4',
    'accept-encoding': 'gzip',
    dnt: '1',
    'cf-connecting-ip': '1.2.3.4',
    'access-control-request-method': 'PUT',
    te: 'trailers',
    'transfer-encoding': 'chunked',
    upgrade: 'websocket',
    host: 'hub.test',
    'content-length': '3',
    forwarded: 'for=1.2.3.4',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-host': 'evil.example',
    'x-real-ip': '1.2.3.4',
    origin: 'http://hub.test',
    referer: 'http://hub.test/x',
    'sec-fetch-site': 'none',
    'x-http-method-override': 'DELETE',
    'x-http-method': 'DELETE',
    'x-method-override': 'DELETE',
    'x-original-url': '/admin',
    'x-rewrite-url': '/admin',
    'hx-request': 'true',
  };
  expect(Object.fromEntries(headersForService(new Headers({ ...passes, ...stays })))).toEqual(passes);
});

it('hands the caller what describes the answer, and nothing that a browser or a server in front acts upon', () => {
  const passes = {
    'content-type': 'text/html',
    'content-language': 'de',
    'content-disposition': 'inline',
    'content-range': 'bytes 0-1/2',
    'accept-ranges': 'bytes',
    allow: 'GET',
    'last-modified': 'x',
    link: '</>; rel="next"',
    deprecation: '@1',
    sunset: 'x',
    'x-requested-by': 'a',
    etag: '"1"',
    'retry-after': '3',
    'x-ratelimit-remaining': '1',
    'x-oauth-scopes': 'repo',
    'ratelimit-policy': '1',
  };
  const stays = {
    'set-cookie': 'session=evil',
    'strict-transport-security': 'max-age=1',
    'content-security-policy': "script-src 'unsafe-inline'",
    'access-control-allow-origin': '*',
    'clear-site-data': '"*"',
    'www-authenticate': 'Basic',
    refresh: '0; url=https://evil.example',
    location: 'https://evil.example',
    'service-worker-allowed': '/',
    'x-frame-options': 'ALLOWALL',
    'x-accel-redirect': '/etc/passwd',
    'x-sendfile': '/etc/passwd',
    'x-lighttpd-send-file': '/etc/passwd',
    'x-litespeed-cache': 'x',
    'x-reproxy-url': 'http://10.0.0.1',
    'x-xss-protection': '0',
    'x-permitted-cross-domain-policies': 'all',
    'x-dns-prefetch-control': 'on',
    'x-sourcemap': '/x',
    'x-ua-compatible': 'IE=5',
    'x-robots-tag': 'noindex',
    'x-powered-by': 'evil',
    'x-request-id': 'theirs',
    'x-content-type-options': 'none',
    'hx-redirect': 'https://evil.example',
    'transfer-encoding': 'chunked',
    'cache-control': 'public',
    server: 'evil',
  };
  expect(Object.fromEntries(headersForCaller(new Headers({ ...passes, ...stays }), []))).toEqual(passes);
});

it('knows the texts of a credential: of headers the part that counts, and what Basic wraps up', () => {
  const pair = Buffer.from('ada:pass:word').toString('base64');
  const credential = { headers: { authorization: `basic ${pair}`, 'x-key': 'k3y' }, query: { key: 'query one' } };
  expect(textsOf(credential)).toEqual(['query one', `basic ${pair}`, pair, 'ada:pass:word', 'pass:word', 'k3y', 'k3y']);
  expect(textsOf({ headers: { authorization: 'Bearer tok' } })).toEqual(['Bearer tok', 'tok']);
  expect(textsOf({ headers: { note: 'not basic x' } })).toEqual(['not basic x', 'x']);
  expect(textsOf({})).toEqual([]);
});

it('takes secrets out in every spelling, the longest first', () => {
  const secret = 'a "b"&c d';
  const spellings = [secret, encodeURIComponent(secret), 'a+%22b%22%26c+d', 'a \\"b\\"&c d'];
  for (const each of spellings)
    expect(withoutTexts(`<${each}> and ${each}`, [secret])).toBe('<[redacted]> and [redacted]');
  expect(spelled(['abc', 'abcdef', '', 'abc'])).toEqual(['abcdef', 'abc']);
  expect(withoutTexts('abcdef abc', ['abc', 'abcdef'])).toBe('[redacted] [redacted]');
  expect(withoutTexts('nothing', [''])).toBe('nothing');
  expect(withoutTexts('half \ud800', ['half \ud800'])).toBe('[redacted]');
});

it('takes the credential out of what comes back', () => {
  const link = '<https://api.example.com/a?key=s%2Fcret&page=2>; rel="next"';
  const headers = headersForCaller(new Headers({ link, 'x-echo': 'Bearer s/cret' }), ['Bearer s/cret', 's/cret']);
  expect(JSON.stringify([...headers])).not.toMatch(/s(\/|%2F)cret/);
  expect(headers.get('link')).toBe('<https://api.example.com/a?key=[redacted]&page=2>; rel="next"');
});
