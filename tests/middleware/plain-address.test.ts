import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

describe('a NUL in an address', () => {
  it.each([
    '/api/installed?q=%00',
    '/api/installed?catalog_key=a%00',
    '/api/audit?action=%00',
    '/installed?q=%00',
    '/installed?entry=%00',
    '/activity?q=%00',
    '/connectors/%00',
  ])('is refused and reaches no query: %s', async (path) => {
    const response = await hub.as(hub.cast.ada, 'GET', path);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('%00')]);
  });

  it('may stand in it escaped once more, as any text', async () => {
    expect((await hub.as(hub.cast.ada, 'GET', '/api/installed?q=%2500')).status).toBe(200);
  });
});
