import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { Env } from '../../src/routes/env.ts';
import { limitBody } from '../../src/routes/middleware/body-limit.ts';
import { isPassedOn } from '../../src/routes/middleware/passed-on.ts';

const asked = async (basePath: string, path: string) => {
  const app = new Hono<Env>().basePath(basePath);
  app.use(limitBody());
  app.all('*', (c) => c.text(String(isPassedOn(c))));
  return (await (await app.request(path, { method: 'POST' })).text()) === 'true';
};

it.each(['', '/hub', '/v1/hub'])('knows the requests for services below %j', async (base) => {
  for (const path of ['/api/proxy/7/x', '/api/proxy/7/v1/y', '/v1/models', '/v1/chat/completions'])
    expect([path, await asked(base, base + path)]).toEqual([path, true]);
});

it.each(['', '/hub', '/v1/hub'])('takes no other address for one of them below %j', async (base) => {
  for (const path of [
    '/connectors/v1/x',
    '/api/connectors/v1/x',
    '/connectors/api/proxy/x',
    '/api/proxy',
    '/v1',
    '/v10/x',
  ])
    expect([path, await asked(base, base + path)]).toEqual([path, false]);
});
