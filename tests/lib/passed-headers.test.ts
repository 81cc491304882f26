import { expect, it } from 'vitest';
import { headersForCaller, headersForService } from '../../src/lib/passed-headers.ts';

it('hands a service what concerns it, and nothing of who asks or of the way', () => {
  const passes = {
    accept: 'text/plain',
    'content-type': 'text/csv',
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
    'x-content-type-options': 'none',
    'hx-redirect': 'https://evil.example',
    'transfer-encoding': 'chunked',
    'cache-control': 'public',
    server: 'evil',
  };
  expect(Object.fromEntries(headersForCaller(new Headers({ ...passes, ...stays }), []))).toEqual(passes);
});

it('takes the credential out of what comes back', () => {
  const link = '<https://api.example.com/a?key=s%2Fcret&page=2>; rel="next"';
  const headers = headersForCaller(new Headers({ link, 'x-echo': 'Bearer s/cret' }), ['Bearer s/cret', 's/cret']);
  expect(JSON.stringify([...headers])).not.toMatch(/s(\/|%2F)cret/);
  expect(headers.get('link')).toBe('<https://api.example.com/a?key=[redacted]&page=2>; rel="next"');
});
