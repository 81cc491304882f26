import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { duePostTargets } from '../../src/db/queries/posts.ts';
import { publishTarget } from '../../src/services/publishing/post-publishing.ts';
import { systemCtx } from '../../src/services/system.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startMedium, startWordpress } from '../sandbox/publishing.ts';
import { startLinkedin, startX } from '../sandbox/publishing-social.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type TestApp, testApp } from '../support/app.ts';

const stand = {} as Record<'wordpress' | 'x' | 'linkedin' | 'medium', StandIn>;
let hub: TestApp;
let ids: Record<'wordpress' | 'x' | 'linkedin' | 'medium', string>;

beforeAll(async () => {
  Object.assign(stand, {
    wordpress: await startWordpress(),
    x: await startX(),
    linkedin: await startLinkedin(),
    medium: await startMedium(),
  });
  const urls = Object.fromEntries(Object.entries(stand).map(([name, { url }]) => [name, url]));
  hub = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring(urls) });
  ids = {
    wordpress: await install(
      'wordpress',
      { site_url: 'https://blog.demo.example', post_status: 'publish' },
      { method: 'basic', ...demo.wordpress },
    ),
    x: await install('twitter', {}, { method: 'token', access_token: demo.xToken }),
    linkedin: await install('linkedin', {}, { method: 'token', access_token: demo.linkedinToken }),
    medium: await install('medium', {}, { method: 'token', access_token: demo.mediumToken }),
  };
});
afterAll(async () => {
  await hub?.close();
  for (const each of Object.values(stand)) await each.close();
});
beforeEach(async () => {
  for (const each of Object.values(stand)) await each.control.reset();
});

const ada = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  hub.as(hub.cast.ada, method, path, body, headers);

async function install(catalog_key: string, config: object, auth: object): Promise<string> {
  const { id } = await (await ada('POST', '/api/connectors', { catalog_key, name: catalog_key, config, auth })).json();
  expect((await ada('PATCH', `/api/connectors/${id}/status`, { status: 'active' })).status).toBe(200);
  return id;
}

const ctx = () => systemCtx(hub.hub, hub.cast.ada.tenantId, 'publish');
/** What the jobs would do now. */
const work = async (options?: { leaseSeconds: number }) => {
  const due = await duePostTargets(hub.hub.db.system, 100);
  await Promise.all(due.map(({ id }) => publishTarget(ctx(), id, options)));
};
const publish = async (targets: string[], content: object, headers?: Record<string, string>) => {
  const answer = await ada('POST', '/api/publish', { targets, content }, headers);
  return { status: answer.status, body: await answer.json() };
};
const read = async (id: string) => (await ada('GET', `/api/posts/${id}`)).json();
const made = async (name: keyof typeof stand, path: string) =>
  (await stand[name].control.requests(path)).filter(({ method, status }) => method === 'POST' && status === 201).length;
const change = (statement: ReturnType<typeof sql>) =>
  hub.hub.db.asTenant(hub.cast.ada.tenantId, (tx) => tx.execute(statement));
/** As if the time for the next attempt had come. */
const hurry = () => change(sql`update post_targets set due_at = now() - interval '1 second' where due_at is not null`);

describe('publishing', () => {
  it('checks for all targets first, and publishes one content to all four', async () => {
    const bad = await publish([ids.x, ids.linkedin, ids.medium], {
      text: 'x'.repeat(281),
      visibility: 'draft',
      media: [{ data: '!', type: 'image/png' }, {}],
    });
    expect(bad.status).toBe(422);
    expect(Object.keys(bad.body.errors).sort()).toEqual([
      'content.media.0.data',
      'content.media.1',
      'targets.0.content.text',
      'targets.0.content.visibility',
      'targets.1.content.visibility',
      'targets.2.content.title',
    ]);
    const past = await publish([ids.x, ids.x], {
      text: 'Late',
      scheduled_at: '2020-01-01T00:00:00Z',
      media: [{ data: 'AAAA', type: 'application/zip' }],
    });
    expect(Object.keys(past.body.errors).sort()).toEqual(['content.media.0.type', 'content.scheduled_at', 'targets.1']);
    const missing = await publish([ids.x], {
      text: 'With a file',
      media: [{ url: 'https://blog.demo.example/not-there.png' }],
    });
    expect(missing.body.errors['content.media.0.url']?.[0]).toMatch(/status 404/);
    expect((await (await ada('GET', '/api/posts')).json()).data).toEqual([]);

    const content = {
      title: 'News',
      text: 'For all four.',
      tags: ['tea'],
      media: [{ url: 'https://blog.demo.example/wp-content/uploads/tea.png', alt: 'Tea' }],
    };
    const key = { 'idempotency-key': 'news-1' };
    const { status, body } = await publish(Object.values(ids), content, key);
    expect([status, body.status]).toEqual([201, 'publishing']);
    expect((await publish(Object.values(ids), content, key)).body.id).toBe(body.id);
    await Promise.all([work(), work()]); // two hubs at once
    await work();
    const post = await read(body.id);
    expect(post).toMatchObject({
      status: 'published',
      targets: [{ catalog_key: 'wordpress', url: expect.any(String), error: null }, {}, {}, { visibility: 'draft' }],
    });
    expect(
      await Promise.all([
        made('wordpress', '/wp-json/wp/v2/posts'),
        made('x', '/2/tweets'),
        made('linkedin', '/rest/posts'),
        made('medium', '/v1/users/u1/posts'),
      ]),
    ).toEqual([1, 1, 1, 1]);
  });

  it('tells partial success: a duplicate, a dead version, a revoked token', async () => {
    await publish([ids.x], { text: 'Again' });
    await work();
    const { body } = await publish([ids.x, ids.linkedin, ids.medium, ids.wordpress], { title: 'Again', text: 'Again' });
    await stand.linkedin.control.settings({ active_from: '209901' });
    await stand.medium.control.revoke({});
    await work();
    const post = await read(body.id);
    expect(post.status).toBe('partly_published');
    expect(post.targets).toMatchObject([
      { status: 'failed', error: { code: 'service_conflict', retryable: false } },
      {
        status: 'failed',
        error: { code: 'service_input', message: expect.stringContaining('switched the API version') },
      },
      { status: 'failed', error: { code: 'service_credential' } },
      { status: 'published' },
    ]);
    await stand.linkedin.control.reset();
    expect((await ada('POST', `/api/posts/${body.id}/retries`, {})).status).toBe(201);
    await work();
    expect((await read(body.id)).targets).toMatchObject([
      { status: 'failed' },
      { status: 'published' },
      {},
      { status: 'published', attempts: 1 },
    ]);
    expect((await ada('DELETE', `/api/posts/${body.id}`)).status).toBe(409);
  });

  it('waits for its time, and can be cancelled until then', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await publish([ids.x], { text: 'Later', scheduled_at: at });
    const { body: other } = await publish([ids.x], { text: 'Later too', scheduled_at: at });
    expect(body).toMatchObject({ status: 'scheduled', scheduled_at: at });
    await work();
    expect((await read(body.id)).status).toBe('scheduled');
    expect((await (await ada('DELETE', `/api/posts/${other.id}`)).json()).status).toBe('cancelled');
    await hurry();
    await work();
    expect([(await read(body.id)).status, (await read(other.id)).status]).toEqual(['published', 'cancelled']);
    expect(await made('x', '/2/tweets')).toBe(1);
  });

  it('tries again by itself after a passing refusal', async () => {
    await stand.x.control.fault('rate_limited', { times: 1, path: '/2/tweets', retry_after: 1 });
    const { body } = await publish([ids.x], { text: 'Not so fast' });
    await work();
    expect((await read(body.id)).targets[0]).toMatchObject({
      status: 'waiting',
      error: { code: 'service_rate_limited', retryable: true },
    });
    await hurry();
    await work();
    expect(await read(body.id)).toMatchObject({ status: 'published', targets: [{ attempts: 2, error: null }] });
  });

  it('looks for what may be out before it publishes again, and says where it cannot', async () => {
    for (const name of ['wordpress', 'x', 'medium'] as const)
      await stand[name].control.fault('lose_answer', { times: 1, method: 'POST' });
    const { body } = await publish([ids.wordpress, ids.x, ids.medium], { title: 'Lost', text: 'Lost on the way' });
    await work();
    expect((await read(body.id)).targets).toMatchObject([
      { status: 'publishing' },
      { status: 'publishing' },
      { status: 'outcome_unknown' },
    ]);
    await hurry();
    await work();
    expect(await read(body.id)).toMatchObject({
      status: 'partly_published',
      targets: [
        { status: 'published', url: expect.any(String) },
        { status: 'published' },
        { status: 'outcome_unknown' },
      ],
    });
    expect((await ada('POST', `/api/posts/${body.id}/retries`, {})).status).toBe(409);
    const sent = (name: keyof typeof stand, path: string) =>
      stand[name].control.requests(path).then((all) => all.filter(({ method }) => method === 'POST').length);
    expect(
      await Promise.all([
        sent('wordpress', '/wp-json/wp/v2/posts'),
        sent('x', '/2/tweets'),
        sent('medium', '/v1/users/u1/posts'),
      ]),
    ).toEqual([1, 1, 1]);
  });

  it('takes over from a hub that was killed, before and after the call', async () => {
    const { body } = await publish([ids.wordpress, ids.linkedin], { text: 'Killed before' });
    // Claimed, and nothing more.
    await change(
      sql`update post_targets set status = 'publishing', attempts = 1, due_at = now() - interval '1 second' where post_id = ${body.id}`,
    );
    await work();
    expect((await read(body.id)).targets).toMatchObject([{ status: 'published' }, { status: 'outcome_unknown' }]);
    // Published, and not written down.
    await change(
      sql`update post_targets set status = 'publishing', external_id = null, due_at = now() - interval '1 second' where post_id = ${body.id} and catalog_key = 'wordpress'`,
    );
    await work();
    expect((await read(body.id)).targets[0]).toMatchObject({ status: 'published', external_id: expect.any(String) });
    expect(await made('wordpress', '/wp-json/wp/v2/posts')).toBe(1);
  });

  it('is each person’s own, and nobody’s in another workspace', async () => {
    const { body } = await publish([ids.x], { text: 'Mine' });
    expect((await hub.as(hub.cast.ben, 'GET', `/api/posts/${body.id}`)).status).toBe(404);
    expect((await hub.as(hub.cast.cleo, 'GET', `/api/posts/${body.id}`)).status).toBe(404);
    const foreign = await hub.as(hub.cast.cleo, 'POST', '/api/publish', {
      targets: [ids.x],
      content: { text: 'Theirs' },
    });
    expect(foreign.status).toBe(404);
    const targets = (await (await ada('GET', '/api/publish-targets')).json()).data;
    expect(targets).toHaveLength(4);
    expect(
      targets.find(({ catalog_key }: { catalog_key: string }) => catalog_key === 'twitter').capabilities,
    ).toMatchObject({ max_length: 280, length_unit: 'weighted', threads: true });
  });
});
