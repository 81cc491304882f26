import { describe, expect, it } from 'vitest';
import { limitBody } from '../../src/routes/middleware/body-limit.ts';
import { csrf } from '../../src/routes/middleware/csrf.ts';
import { methodOverride } from '../../src/routes/middleware/method-override.ts';
import { tinyApp } from './tiny-app.ts';

function overriding() {
  const tiny = tinyApp();
  tiny.app.use(limitBody());
  tiny.app.use(csrf({ baseUrl: 'http://hub.example' }));
  tiny.app.use(methodOverride(tiny.app));
  tiny.app.all('/things/:id', async (c) => {
    const { name } = await c.req.parseBody();
    c.header('set-cookie', 'a=1', { append: true });
    c.header('set-cookie', 'b=2', { append: true });
    return c.json({ method: c.req.method, name, id: c.req.param('id') }, c.req.method === 'DELETE' ? 202 : 200);
  });
  return tiny;
}

const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

describe('a form post', () => {
  it.each(['PUT', 'PATCH', 'DELETE', 'delete'])('with _method=%s arrives as one, with its fields', async (_method) => {
    const response = await overriding().app.request('/things/7', form({ _method, name: 'Blog & co' }));
    expect(await response.json()).toEqual({ method: _method.toUpperCase(), name: 'Blog & co', id: '7' });
  });

  it('works for multipart forms too', async () => {
    const body = new FormData();
    body.set('_method', 'PUT');
    body.set('name', 'Blog');
    const response = await overriding().app.request('/things/7', { method: 'POST', body });
    expect(await response.json()).toMatchObject({ method: 'PUT', name: 'Blog' });
  });

  it.each(['GET', 'POST', 'TRACE', 'CONNECT', 'PUT\r\n', '', 'constructor'])(
    'with _method=%j stays a POST',
    async (_method) => {
      const response = await overriding().app.request('/things/7', form({ _method }));
      expect(await response.json()).toMatchObject({ method: 'POST' });
    },
  );

  it('is logged and measured once, under one id, with the pattern of the route it reached', async () => {
    const { app, lines, metrics } = overriding();
    const response = await app.request('/things/7', {
      ...form({ _method: 'DELETE' }),
      headers: { 'x-request-id': 'trace-1234' },
    });
    expect(response.status).toBe(202);
    expect(response.headers.get('x-request-id')).toBe('trace-1234');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ method: 'POST', path: '/things/7', status: 202, request_id: 'trace-1234' });
    expect((await metrics.metricsText()).body).toContain('_count{method="POST",route="/things/:id",status="202"} 1');
  });

  it('does not slip past the CSRF check', async () => {
    const headers = { origin: 'https://evil.example' };
    expect((await overriding().app.request('/things/7', { ...form({ _method: 'DELETE' }), headers })).status).toBe(403);
  });
});

it.each([
  ['a JSON body', { method: 'POST', body: '{"_method":"DELETE"}', headers: { 'content-type': 'application/json' } }],
  ['a header', { method: 'POST', headers: { 'x-http-method-override': 'DELETE' } }],
  ['a GET', { method: 'GET' }],
])('%s is never turned into something else', async (_what, init) => {
  const response = await overriding().app.request('/things/7?_method=DELETE', init);
  expect(await response.json()).toMatchObject({ method: init.method });
});

it.each(['multipart/form-data; boundary=x', 'multipart/form-data'])(
  'says so when a form cannot be read (%s)',
  async (type) => {
    const init = { method: 'POST', body: '--x\r\nrubbish', headers: { 'content-type': type } };
    const response = await overriding().app.request('/things/7', init);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'malformed_request' });
  },
);
