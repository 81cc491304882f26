import { Client } from '@xdevplatform/xdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { type Media, type PublishContent, problemsOf, type Values } from '../../src/drivers/driver.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startMedium, startWordpress } from '../sandbox/publishing.ts';
import { startLinkedin, startX } from '../sandbox/publishing-social.ts';
import { type DriverHarness, driverHarness } from '../support/driver.ts';

const png = new Uint8Array(Buffer.from('iVBORw0KGgo=', 'base64'));
const picture: Media = {
  kind: 'image',
  type: 'image/png',
  name: 'a.png',
  alt: 'A picture',
  bytes: png.length,
  data: png,
};
const content = (more: Partial<PublishContent<Media>> = {}): PublishContent<Media> => ({
  text: 'Hello.',
  media: [],
  tags: [],
  ...more,
});

const site = { site_url: 'https://blog.demo.example', post_status: 'publish' };
const auths = {
  wordpress: { method: 'basic', ...demo.wordpress },
  twitter: { method: 'token', access_token: demo.xToken },
  linkedin: { method: 'token', access_token: demo.linkedinToken },
  medium: { method: 'token', access_token: demo.mediumToken },
};
type Key = keyof typeof auths;

let stand: Record<Key, StandIn>;
let at: Record<Key, DriverHarness>;
beforeAll(async () => {
  stand = {
    wordpress: await startWordpress(),
    twitter: await startX(),
    linkedin: await startLinkedin(),
    medium: await startMedium(),
  };
  at = {
    wordpress: await driverHarness('wordpress', { wordpress: stand.wordpress.url }),
    twitter: await driverHarness('twitter', { x: stand.twitter.url }),
    linkedin: await driverHarness('linkedin', { linkedin: stand.linkedin.url }),
    medium: await driverHarness('medium', { medium: stand.medium.url }),
  };
});
afterAll(async () => {
  for (const key of Object.keys(auths) as Key[]) {
    await at[key].close();
    await stand[key].close();
  }
});
beforeEach(async () => {
  for (const each of Object.values(stand)) await each.control.reset();
});

const publisher = (key: Key) => at[key].driver.publisher as NonNullable<DriverHarness['driver']['publisher']>;
const publish = (key: Key, given: PublishContent<Media>, config: Values = key === 'wordpress' ? site : {}) =>
  at[key].call(auths[key], (context) => publisher(key).publish(context, given, 'mark-1'), {
    config,
    sideEffect: 'write',
  });
const find = (key: Key, given: PublishContent, mark = 'mark-1') =>
  at[key].call(auths[key], async (context) => publisher(key).find?.(context, given, mark), {
    config: key === 'wordpress' ? site : {},
  });
const check = async (key: Key, given: PublishContent, config: Values = {}) => {
  const { limits, preview } = publisher(key);
  const capability = limits?.(config) ?? at[key].driver.entry.capabilities.publish;
  return problemsOf(capability as NonNullable<typeof capability>, given, await preview(given, config));
};
const asked = (key: Key, path: string, headers: Record<string, string>) =>
  fetch(`${stand[key].url}${path}`, { headers }).then((answer) => answer.json());

describe('WordPress', () => {
  it('publishes with media and tags, tells a refused right, and finds what it published by its mark', async () => {
    const given = content({
      title: 'News',
      markdown: '**Bold** words',
      media: [picture, { ...picture, name: 'b.png' }],
      tags: ['tea', 'Tea time'],
      canonical_url: 'https://example.com/a',
    });
    const published = await publish('wordpress', given);
    expect(published).toMatchObject({
      status: 'public',
      url: expect.stringContaining('https://blog.demo.example/?p='),
    });
    const { items } = (await at.wordpress.tool(
      auths.wordpress,
      'list_posts',
      { status: 'publish' },
      { config: site },
    )) as { items: Values[] };
    expect(items).toEqual([expect.objectContaining({ title: 'News', status: 'publish' })]);
    expect(await find('wordpress', given)).toEqual(published);
    expect(await find('wordpress', given, 'mark-2')).toBeNull();
    await stand.wordpress.control.settings({ role: 'contributor' });
    await expect(publish('wordpress', content())).rejects.toMatchObject({ fault: 'permission', status: 403 });
    expect(await publish('wordpress', content({ visibility: 'pending' }))).toMatchObject({ status: 'pending' });
  });

  it('has tools to change, upload and delete', async () => {
    const config = { config: site };
    const made = await at.wordpress.tool(
      auths.wordpress,
      'create_post',
      { content: '<p>One</p>', status: 'draft' },
      config,
    );
    const changed = await at.wordpress.tool(auths.wordpress, 'update_post', { id: made.id, title: 'Two' }, config);
    expect(changed).toMatchObject({ title: 'Two', status: 'draft' });
    const file = { name: 'c.png', type: 'image/png', data: 'iVBORw0KGgo=' };
    expect(await at.wordpress.tool(auths.wordpress, 'upload_media', file, config)).toMatchObject({
      url: expect.stringContaining('c.png'),
    });
    expect(await at.wordpress.tool(auths.wordpress, 'delete_post', { id: made.id }, config)).toEqual({
      deleted: false,
      trashed: true,
    });
    expect(await at.wordpress.tool(auths.wordpress, 'delete_post', { id: made.id, force: true }, config)).toEqual({
      deleted: true,
      trashed: false,
    });
    await expect(at.wordpress.tool(auths.wordpress, 'delete_post', { id: 999 }, config)).rejects.toMatchObject({
      fault: 'not_found',
    });
  });
});

describe('X', () => {
  it('counts as X does, and splits a long text at the ends of sentences', async () => {
    const emoji = '🎉'.repeat(140);
    expect(await check('twitter', content({ text: emoji }))).toEqual({});
    expect((await check('twitter', content({ text: `${emoji}!` }))).text?.[0]).toMatch(
      /^281 weighted characters are too many; 280 fit\./,
    );
    expect(await check('twitter', content({ text: `${emoji}!` }), { long_posts: true })).toEqual({});
    const long = Array.from(
      { length: 12 },
      (_, index) => `Sentence number ${index} is about as long as sentences usually are.`,
    ).join(' ');
    const { parts } = await publisher('twitter').preview(content({ text: long, thread: true }), {});
    expect(parts.length).toBe(3);
    expect(parts.every((part) => part.endsWith('.') && part.length <= 280)).toBe(true);
    expect(parts.join(' ')).toBe(long);
    const word = await publisher('twitter').preview(content({ text: 'ü'.repeat(700), thread: true }), {});
    expect(word.parts.join('')).toBe('ü'.repeat(700));
    const { externalId } = await publish('twitter', content({ text: long, thread: true, media: [picture] }));
    expect(await find('twitter', content({ text: long, thread: true }))).toMatchObject({ externalId });
    await at.twitter.tool(auths.twitter, 'delete_post', { id: externalId });
    await expect(find('twitter', content({ text: long, thread: true }))).rejects.toMatchObject({
      serviceCode: 'thread_incomplete',
    });
  });

  it('tells a duplicate, a used-up window, and a thread that broke off', async () => {
    const once = content({ text: 'Once, at https://example.com/a-long-address', tags: ['tea'] });
    const { externalId } = await publish('twitter', once);
    await expect(publish('twitter', once)).rejects.toMatchObject({
      fault: 'conflict',
      serviceCode: 'duplicate',
      status: 403,
    });
    expect(await find('twitter', once)).toMatchObject({ externalId });
    expect(await find('twitter', content({ text: 'Never' }))).toBeNull();
    await stand.twitter.control.fault('rate_limited', { times: 1, path: '/2/tweets', retry_after: 600 });
    const limited = await publish('twitter', content({ text: 'Twice' })).catch((error: unknown) => error);
    expect(limited).toMatchObject({
      fault: 'rate_limited',
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 500_000),
    });
  });

  it('is served by a stand-in that X’s own client understands', async () => {
    const client = new Client({ accessToken: demo.xToken, baseUrl: stand.twitter.url, retry: false });
    const { data } = await client.posts.create({ text: 'By the client' });
    expect(
      await client.posts.create({ text: 'By the client' }).catch((error: { status: number }) => error.status),
    ).toBe(403);
    expect((await client.posts.delete(data?.id ?? '')).data).toEqual({ deleted: true });
  });
});

describe('LinkedIn', () => {
  const headers = { authorization: `Bearer ${demo.linkedinToken}`, 'linkedin-version': '202609' };

  it('posts all of a text with its odd signs, with pictures or a document', async () => {
    const text = 'We (all) like *C#* @ home | {50%} <3 a_b ~ [1] \\o/';
    const { url } = await publish('linkedin', content({ text, tags: ['tea time'], media: [picture, picture] }), {
      organization_id: '5515715',
    });
    expect(url).toMatch(/^https:\/\/www\.linkedin\.com\/feed\/update\/urn:li:share:\d+\/$/);
    const pdf: Media = { ...picture, kind: 'document', type: 'application/pdf', name: 'a.pdf' };
    await publish('linkedin', content({ text: 'A paper', media: [pdf] }));
    const posts = (await asked('linkedin', '/rest/_posted', headers)) as Values[];
    expect(posts[0]).toMatchObject({
      shown: `${text}\n\n#teatime`,
      author: 'urn:li:organization:5515715',
      content: { multiImage: { images: [{}, {}] } },
    });
    expect(posts[1]).toMatchObject({ author: 'urn:li:person:abc123', content: { media: { title: 'a.pdf' } } });
    await expect(publish('linkedin', content({ text: 'A paper' }))).rejects.toMatchObject({
      fault: 'conflict',
      serviceCode: 'duplicate',
    });
    expect(
      await check('linkedin', content({ text: 'x'.repeat(3001), media: [pdf, picture], visibility: 'draft' })),
    ).toMatchObject({
      text: [expect.stringContaining('3,001')],
      media: ['Only one kind of media fits in one post.'],
      visibility: [expect.stringContaining('“draft” is not offered')],
    });
  });

  it('tells a version that was switched off, and one that soon will be', async () => {
    const health = (api_version: string) =>
      at.linkedin.call(
        auths.linkedin,
        (context) => at.linkedin.driver.checkHealth?.(context) as Promise<{ warnings?: string[] }>,
        { config: { api_version } },
      );
    await stand.linkedin.control.settings({ active_from: '202512' });
    const dead = { fault: 'input', status: 426, field: 'config.api_version' };
    await expect(publish('linkedin', content(), { api_version: '202511' })).rejects.toMatchObject(dead);
    await expect(health('202511')).rejects.toMatchObject(dead);
    const old = new Date(Date.now() - 320 * 86_400_000).toISOString().slice(0, 7).replace('-', '');
    await stand.linkedin.control.settings({ active_from: old });
    expect((await health(old)).warnings?.[0]).toMatch(/about a year after its month/);
  });
});

describe('Medium', () => {
  it('publishes stories, and says what it would refuse', async () => {
    const given = content({
      title: 'A story',
      markdown: 'Some *words*',
      media: [picture],
      tags: ['a', 'b'],
      canonical_url: 'https://example.com/a',
    });
    expect(await publish('medium', given)).toMatchObject({ status: 'draft', url: 'https://medium.com/@northwind/s1' });
    const [story] = (await asked('medium', '/v1/stories', { authorization: `Bearer ${demo.mediumToken}` })) as Values[];
    expect(story).toMatchObject({
      contentFormat: 'markdown',
      canonicalUrl: 'https://example.com/a',
      content: expect.stringMatching(/^# A story\n\nSome \*words\*\n\n<figure>/),
    });
    expect(
      await check(
        'medium',
        content({ tags: ['a', 'b', 'c', 'd'.repeat(26)], media: [{ ...picture, type: 'video/mp4', kind: 'video' }] }),
      ),
    ).toEqual({
      title: ['Enter a title.'],
      tags: ['At most 3 tags are taken.'],
      'tags.3': ['At most 25 characters fit.'],
      'media.0': ['Files of type video/mp4 are not taken.'],
    });
    const medium = (slug: string, input: Values, config: Values = {}) =>
      at.medium.tool(auths.medium, slug, input, { config });
    const { items } = await medium('list_publications', {});
    expect(items).toEqual([
      { id: 'b45573563f5a', name: 'Northwind News', description: 'Tea', url: 'https://medium.com/nw' },
    ]);
    const written = { title: 'Two {words}', markdown: 'Some *words*', tags: ['a'] };
    expect(await medium('create_post', written)).toEqual({
      id: 's2',
      url: 'https://medium.com/@northwind/s2',
      status: 'draft',
    });
    const settings = { publication_id: 'b45573563f5a', publish_status: 'unlisted', notify_followers: true };
    expect((await medium('create_post', written, settings)).status).toBe('unlisted');
    const sent = await stand.medium.control.requests();
    expect(
      sent
        .filter(({ method }) => method === 'POST')
        .slice(-2)
        .map((each) => each.path),
    ).toEqual(['/v1/users/u1/posts', '/v1/publications/b45573563f5a/posts']);
    await stand.medium.control.revoke({});
    await expect(publish('medium', given)).rejects.toMatchObject({ fault: 'credential' });
  });
});
