import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp({ BASE_URL: 'http://hub.localhost' });
  const body = { catalog_key: 'slack', name: 'Release <bot>', config: {}, auth: { method: 'oauth2' } };
  const made = await at.as(at.cast.ada, 'POST', '/api/connectors', {
    ...body,
    auth: { ...body.auth, client_id: '1234567890.1234567890', client_secret: 'c'.repeat(32) },
  });
  expect(made.status, await made.clone().text()).toBe(201);
});
afterAll(() => at.close());

/** The names of the places that somebody finds, in their order. */
async function found(who: Person, q: string): Promise<string[]> {
  const html = await (await at.as(who, 'GET', `/palette?q=${encodeURIComponent(q)}`)).text();
  const [, places = ''] = html.split('id="places"');
  return [...places.matchAll(/<span class="name">([^<]*)</g)].map(([, name = '']) => name);
}

describe('the command palette', () => {
  it('forgives typos in names of connectors, pages and services', async () => {
    expect((await found(at.cast.ada, 'relaese'))[0]).toBe('Release &lt;bot&gt;');
    expect(await found(at.cast.ada, 'slakc')).toEqual(['Release &lt;bot&gt;', 'Slack']);
    expect(await found(at.cast.ada, 'webhoks')).toContain('Webhooks');
    expect(await found(at.cast.ada, 'invite')).toContain('Members');
  });

  it('offers members nothing that they may not do', async () => {
    expect(await found(at.cast.ben, 'slack')).toEqual(['Release &lt;bot&gt;']);
    expect(await found(at.cast.ben, 'webhooks')).not.toContain('Webhooks');
  });

  it('shows nothing of another workspace, and says when there is nothing', async () => {
    expect(await found(at.cast.cleo, 'release')).not.toContain('Release &lt;bot&gt;');
    const nothing = await (await at.as(at.cast.ada, 'GET', '/palette?q=%3Cq%3E')).text();
    expect(nothing).toContain('Nothing is called “&lt;q&gt;” here.');
  });
});
