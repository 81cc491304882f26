import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllowedHosts } from '../../../src/lib/outbound/addresses.ts';
import { createOutbound, type Outbound, OutboundError } from '../../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../../src/lib/outbound/overrides.ts';

let server: Server;
let origin: string;
/** The same server under another name. */
let other: string;
let out: Outbound;
let handle: (request: IncomingMessage, response: ServerResponse) => void;
let seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = [];
const outbound = (overrides: Record<string, string> = {}) =>
  createOutbound({
    allowed: parseAllowedHosts('127.0.0.1,localhost'),
    overrides: parseOverrides(JSON.stringify(overrides)),
    ownPort: 2,
  });
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = (await request.setEncoding('utf8').toArray()).join('');
    seen.push({ method, url, headers, body });
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  [origin, other] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  out = outbound();
});
afterAll(async () => {
  await out.close();
  server.close();
});
beforeEach(() => {
  seen = [];
});

/** `/go/<status>/<place>` redirects there; everything else answers. */
const redirecting: typeof handle = (request, response) => {
  const [, status, place = ''] = /^\/go\/(\d+)\/(.*)$/.exec(request.url ?? '') ?? [];
  if (!status) return response.end('there');
  response.writeHead(Number(status), place ? { location: decodeURIComponent(place) } : {}).end('redirecting');
};
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ['answered'],
    (error: unknown) => (error instanceof OutboundError ? [error.code, error.mayHaveArrived] : [String(error)]),
  );

describe('a redirect', () => {
  beforeEach(() => {
    handle = redirecting;
  });
  const sent = { 'content-type': 'text/plain', 'content-language': 'de', 'x-own': '1' };
  const go = async (status: number, method: string, place = '/end') => {
    const body = ['GET', 'HEAD'].includes(method) ? undefined : 'the body';
    await out.fetch(`${origin}/go/${status}/${encodeURIComponent(place)}`, { method, body, headers: sent });
    return seen.at(-1);
  };

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
  ])('with %i turns %s into %s, without what was sent', async (status, method, next) => {
    const last = await go(status, method);
    expect(last).toMatchObject({ method: next, url: '/end', body: '', headers: { 'x-own': '1' } });
    for (const name of ['content-type', 'content-language', 'content-length'])
      expect(last?.headers).not.toHaveProperty(name);
  });

  it.each([
    [301, 'PUT'],
    [302, 'DELETE'],
    [307, 'POST'],
    [308, 'POST'],
    [308, 'PATCH'],
  ])('with %i leaves %s as it is', async (status, method) => {
    expect(await go(status, method)).toMatchObject({ method, url: '/end', body: 'the body', headers: sent });
  });

  it('leaves GET and HEAD what they are', async () => {
    expect(await go(303, 'HEAD')).toMatchObject({ method: 'HEAD', url: '/end' });
    expect(await go(301, 'HEAD')).toMatchObject({ method: 'HEAD' });
    expect(await go(302, 'GET')).toMatchObject({ method: 'GET', headers: { 'content-type': 'text/plain' } });
  });

  it('takes credentials along to the same origin only', async () => {
    const headers = { authorization: 'Bearer c4n', cookie: 'a=c4n', 'proxy-authorization': 'Basic c4n', 'x-own': '1' };
    await out.fetch(`${origin}/go/307/${encodeURIComponent('/end')}`, { headers });
    expect(seen[1]?.headers).toMatchObject(headers);
    const answer = await out.fetch(`${origin}/go/307/${encodeURIComponent(`${other}/end`)}`, { headers });
    expect(answer.url).toBe(`${other}/end`);
    expect(JSON.stringify(seen[3]?.headers)).not.toContain('c4n');
    expect(seen[3]?.headers).toMatchObject({ 'x-own': '1' });
  });

  it('is followed five times and not more', async () => {
    let left = 5;
    handle = (_request, response) => {
      if (left-- > 0) response.writeHead(302, { location: '/next' }).end();
      else response.end('there');
    };
    expect(await (await out.fetch(origin)).text()).toBe('there');
    left = 6;
    expect(await failureOf(out.fetch(origin))).toEqual(['redirect_refused', true]);
  });

  it('is handed back when somebody asks for that, and when it leads nowhere', async () => {
    const place = encodeURIComponent(`${other}/end`);
    const manual = await out.fetch(`${origin}/go/302/${place}`, { redirect: 'manual' });
    expect([manual.status, manual.headers.get('location')]).toEqual([302, `${other}/end`]);
    for (const status of [302, 304, 300])
      expect((await out.fetch(`${origin}/go/${status}/${status === 302 ? '' : '%2Fend'}`)).status).toBe(status);
    expect((await out.fetch(`${origin}/go/307/${encodeURIComponent('http://[')}`)).status).toBe(307);
    expect(seen).toHaveLength(5);
  });

  it('goes to http and https without a user name only, and says that the first request has arrived', async () => {
    for (const place of [
      'ftp://127.0.0.1/x',
      'file:///etc/passwd',
      other.replace('//', '//ada@'),
      other.replace('//', '//:pass@'),
    ]) {
      expect([place, await failureOf(out.fetch(`${origin}/go/302/${encodeURIComponent(place)}`))]).toEqual([
        place,
        ['redirect_refused', true],
      ]);
      if (!place.startsWith('http')) expect(await failureOf(out.fetch(place))).toEqual(['redirect_refused', false]);
    }
    expect(await failureOf(out.fetch(`${origin}/go/302/${encodeURIComponent('http://127.0.0.1:6667/')}`))).toEqual([
      'blocked',
      true,
    ]);
  });

  it('goes only where the call may go', async () => {
    const mayCall = (asked: string) => asked === origin;
    const fetch = (address: string) => failureOf(out.fetch(address, {}, { mayCall }));
    expect(await fetch(`${origin}/go/302/%2Fend`)).toEqual(['answered']);
    expect(await fetch(`${origin}/go/302/${encodeURIComponent(other)}`)).toEqual(['redirect_refused', true]);
    expect(await fetch(other)).toEqual(['redirect_refused', false]);
    expect(seen.map(({ headers }) => headers.host)).not.toContain(new URL(other).host);
  });
});

describe('an answer', () => {
  it('without a body has none', async () => {
    for (const status of [204, 205, 304]) {
      handle = (_request, response) => response.writeHead(status).end();
      const answer = await out.fetch(`${origin}/${status}`);
      expect([answer.status, answer.body, answer.url]).toEqual([status, null, `${origin}/${status}`]);
    }
  });

  it('is taken up to its size, in one piece or many', async () => {
    const fetch = async (maxBytes?: number) => {
      const answer = await out.fetch(origin, {}, { maxBytes });
      expect(answer.headers.has('content-length')).toBe(false);
      return failureOf(answer.arrayBuffer());
    };
    const body = Buffer.alloc(200_000, 'x');
    const ways: (typeof handle)[] = [
      (_request, response) => response.end(body),
      (_request, response) => {
        response.write(body.subarray(0, 100_000), () => response.end(body.subarray(100_000)));
      },
    ];
    for (const way of ways) {
      handle = way;
      expect(await fetch(200_000)).toEqual(['answered']);
      expect(await fetch(199_999)).toEqual(['too_large', true]);
      expect(await fetch()).toEqual(['answered']);
    }
    handle = (_request, response) => response.end('small');
    expect(await fetch(5)).toEqual(['answered']);
    expect(await fetch(4)).toEqual(['too_large', true]);
    handle = (_request, response) => response.end(Buffer.alloc(10 * 1024 * 1024 + 1));
    expect(await fetch()).toEqual(['too_large', true]);
  });

  it('that breaks off says so, and nobody has to read it to its end', async () => {
    handle = (_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345', () => response.destroy());
    };
    const answer = await out.fetch(origin);
    expect(await failureOf(answer.text())).toEqual(['broken_off', true]);
    const closed = new Promise<void>((resolve) => {
      handle = (_request, response) => {
        response.on('close', resolve).writeHead(200).write('begun');
      };
    });
    await (await out.fetch(origin)).body?.cancel();
    await closed;
  });
});

describe('an answer in the place of another origin', () => {
  it('names that origin, wherever it names addresses', async () => {
    const known = 'https://api.example';
    const mapped = outbound({ [known]: origin, 'https://also.example': origin });
    try {
      handle = (_request, response) =>
        response
          .writeHead(302, {
            location: `${origin}/next?a#b`,
            link: `<${origin}/2>; rel=next, <no address>; rel=x, <${other}/3>; rel=y`,
          })
          .end();
      const answer = await mapped.fetch(`${known}/x`, { redirect: 'manual' });
      expect(answer.url).toBe(`${known}/x`);
      expect(answer.headers.get('location')).toBe(`${known}/next?a#b`);
      expect(answer.headers.get('link')).toBe(`<${known}/2>; rel=next, <no address>; rel=x, <${other}/3>; rel=y`);
      const also = await mapped.fetch('https://also.example/x', { redirect: 'manual' });
      expect(also.headers.get('location')).toBe('https://also.example/next?a#b');
      handle = (_request, response) => response.writeHead(302, { location: '/relative' }).end();
      const relative = await mapped.fetch(`${known}/x`, { redirect: 'manual' });
      expect([relative.headers.get('location'), relative.headers.get('link')]).toEqual(['/relative', null]);
    } finally {
      await mapped.close();
    }
  });
});
