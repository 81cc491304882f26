import { describe, expect, it } from 'vitest';
import { formData, formFields } from '../../src/routes/middleware/form-fields.ts';
import { tinyApp } from './tiny-app.ts';

function reading() {
  const { app } = tinyApp();
  app.post('/fields', async (c) => c.json([...((await formFields(c)) ?? [])]));
  app.post('/data', async (c) => c.json([...(await formData(c)).keys()]));
  return app;
}

const urlEncoded = { 'content-type': 'application/x-www-form-urlencoded' };

function multipart(count: number) {
  const body = new FormData();
  for (let n = 0; n < count; n += 1) body.append(`n${n}`, '');
  return body;
}

describe('a form', () => {
  it('is read whole, whichever way it is encoded', async () => {
    const fields = { a: '1', b: 'x & y' };
    const sent = await reading().request('/fields', { method: 'POST', body: new URLSearchParams(fields) });
    expect(await sent.json()).toEqual(Object.entries(fields));
    const data = await reading().request('/data', { method: 'POST', body: multipart(1_000) });
    expect(await data.json()).toHaveLength(1_000);
  });

  it.each([
    ['url-encoded', 'a&'.repeat(500_000), urlEncoded],
    ['multipart', multipart(1_001), {}],
  ])('with more fields than any form has is refused before it is read: %s', async (_kind, body, headers) => {
    for (const path of ['/fields', '/data']) {
      const started = performance.now();
      const response = await reading().request(path, { method: 'POST', body, headers });
      expect([response.status, (await response.json()).code]).toEqual([413, 'too_large']);
      expect(performance.now() - started).toBeLessThan(500); // read field by field it took over 3 s
    }
  });

  it.each([
    ['JSON', '{}', { 'content-type': 'application/json' }],
    ['text', 'a=b', { 'content-type': 'text/plain' }],
    ['nothing', '', {}],
  ])('is asked for where %s was sent', async (_kind, body, headers) => {
    const response = await reading().request('/data', { method: 'POST', body, headers });
    expect([response.status, (await response.json()).code]).toEqual([415, 'unsupported_media_type']);
  });
});
