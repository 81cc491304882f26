import { describe, expect, it } from 'vitest';
import { from, tinyApp } from './tiny-app.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function pinging(options?: Parameters<typeof tinyApp>[0]) {
  const tiny = tinyApp(options);
  tiny.app.get('/things/:id', (c) => c.json({ id: c.get('requestId'), ip: c.get('ip') }));
  tiny.app.get('/healthz', (c) => c.text('ok'));
  tiny.app.get('/broken', () => {
    throw new Error('boom');
  });
  return tiny;
}

describe('the request id', () => {
  it('is the caller’s when it is plain', async () => {
    const { app, lines } = pinging();
    const response = await app.request('/things/1', { headers: { 'x-request-id': 'trace-0123.abc_D' } });
    expect(await response.json()).toMatchObject({ id: 'trace-0123.abc_D' });
    expect(response.headers.get('x-request-id')).toBe('trace-0123.abc_D');
    expect(lines[0]).toMatchObject({ request_id: 'trace-0123.abc_D' });
  });

  it.each(['', 'short', 'a b c d e f g h', 'x'.repeat(65), '../../etc/passwd', '{"level":"fatal"}', 'abcdefgh;drop'])(
    'is a new one when the caller’s is %j',
    async (sent) => {
      const response = await pinging().app.request('/things/1', { headers: { 'x-request-id': sent } });
      expect(response.headers.get('x-request-id')).toMatch(uuid);
    },
  );
});

describe('the line', () => {
  it('has method, path without query, status and time', async () => {
    const { app, lines } = pinging();
    await app.request('/things/1?access_token=s3cret', {}, from('203.0.113.7'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'request',
      method: 'GET',
      path: '/things/1',
      status: 200,
      ip: '203.0.113.7',
    });
    expect(lines[0]?.ms).toBeTypeOf('number');
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  it('holds no token, also where no route takes it', async () => {
    const { app, lines } = tinyApp();
    app.get('/reset-password/:token', (c) => c.text('ok'));
    const token = 'QmFzZTY0dXJsLXRva2VuLW9mLTQzLWNoYXJhY3RlcnM';
    const encoded = `%51${token.slice(1)}`;
    const paths = [
      `/reset-password/${token}`,
      `/reset-password/${token}/`,
      `/RESET-password/${token};x`,
      `//x/${encoded}`,
    ];
    for (const path of paths) await app.request(path);
    await app.request(paths[0] ?? '', { method: 'DELETE' });
    await app.request('/connectors/0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78/edit');
    expect(lines.map(({ path }) => path)).toEqual([
      '/reset-password/:token',
      '/reset-password/…/',
      '/RESET-password/…;x',
      '//x/…',
      '/reset-password/…',
      '/connectors/0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78/edit',
    ]);
    expect(JSON.stringify(lines)).not.toContain(token.slice(1));
  });

  it('names the tenant and the user of the session', async () => {
    const { app, lines } = tinyApp();
    app.get('/', (c) => {
      const user = { id: 'u1', name: 'Ada', email: 'ada@example.com' };
      const tenant = { id: 't1', name: 'Acme', suspended: null };
      c.set('session', { sessionId: 's1', user, tenant, role: 'owner', operator: false, moved: false, tenants: [] });
      return c.text('');
    });
    await app.request('/');
    expect(lines[0]).toMatchObject({ tenant_id: 't1', user_id: 'u1' });
  });

  it('is an error for 5xx and hardly there for probes', async () => {
    const { app, lines } = pinging();
    await app.request('/broken');
    await app.request('/healthz');
    expect(lines.map((line) => line.level)).toEqual(['error', 'debug']);
  });
});

describe('measurements', () => {
  it('are labelled by pattern, and unknown paths share one label', async () => {
    const { app, metrics } = pinging();
    for (const path of ['/things/1', '/things/2', '/nowhere', '/wp-admin.php']) await app.request(path);
    const { body } = await metrics.metricsText();
    expect(body).toContain('_count{method="GET",route="/things/:id",status="200"} 2');
    expect(body).toContain('_count{method="GET",route="none",status="404"} 2');
    expect(body).not.toContain('wp-admin');
  });

  it('are labelled by the route that answered, whatever middleware stands before or behind it', async () => {
    const { app, metrics } = tinyApp();
    app.get('/signin', (c) => c.text('public'));
    app.get('/assets/*', (c) => c.text('gone', 404));
    app.use(async (c, next) => (c.req.header('cookie') ? next() : c.redirect('/signin', 303)));
    app.get('/things/new', (c) => c.text('new'));
    app.all('/things/:id', (c) => c.text('one'));
    for (const path of ['/signin', '/assets/old.js', '/things/1', '/nowhere']) await app.request(path);
    for (const path of ['/things/new', '/things/1']) await app.request(path, { headers: { cookie: 'a=b' } });
    const { body } = await metrics.metricsText();
    const counted = [...body.matchAll(/_count\{method="GET",route="([^"]+)",status="(\d+)"\} 1/g)];
    expect(counted.map(([, route, status]) => `${status} ${route}`).sort()).toEqual([
      '200 /signin',
      '200 /things/:id',
      '200 /things/new',
      '303 /things/:id',
      '303 none',
      '404 /assets/*',
    ]);
  });
});

describe('the address', () => {
  const spoofed = { headers: { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4', 'x-real-ip': '1.2.3.4' } };

  it('is the socket’s, whatever headers say', async () => {
    const response = await pinging().app.request('/things/1', spoofed, from('203.0.113.7'));
    expect(await response.json()).toMatchObject({ ip: '203.0.113.7' });
  });

  it('is what a trusted proxy says', async () => {
    const { app } = pinging({ proxies: ['203.0.113.0/24'] });
    expect(await (await app.request('/things/1', spoofed, from('203.0.113.7'))).json()).toMatchObject({
      ip: '1.2.3.4',
    });
  });
});
