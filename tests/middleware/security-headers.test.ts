import { expect, it } from 'vitest';
import { securityHeaders } from '../../src/routes/middleware/security-headers.ts';
import { tinyApp } from './tiny-app.ts';

async function answers(secure: boolean, path = '/') {
  const { app } = tinyApp();
  app.use(securityHeaders({ secure }));
  app.get('/', (c) => c.html('<p>hello</p>'));
  app.get('/assets/app.css', (c) => c.text('', 200, { 'cache-control': 'public, max-age=31536000, immutable' }));
  app.get('/broken', () => {
    throw new Error('boom');
  });
  return (await app.request(path)).headers;
}

it('sends the whole policy, word for word', async () => {
  expect((await answers(false)).get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  );
});

it.each(['/', '/broken', '/nowhere'])('guards the answer to %s', async (path) => {
  const headers = await answers(true, path);
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': expect.stringContaining('camera=()'),
    'strict-transport-security': 'max-age=63072000',
    'cache-control': 'no-store',
  });
});

it('asks for https only when the hub is reached over it', async () => {
  expect((await answers(false)).has('strict-transport-security')).toBe(false);
});

it('leaves the caching of assets to them', async () => {
  expect((await answers(false, '/assets/app.css')).get('cache-control')).toContain('immutable');
});
