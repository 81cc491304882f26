import type { Context } from 'hono';
import twitter from 'twitter-text';
import { demo } from '../../seeds/demo.ts';
import type { FaultEffects } from './faults.ts';
import type { FrontEnv, StandIn } from './front.ts';
import { bearerToken } from './journal.ts';
import { openPublishing } from './publishing.ts';

type C = Context<FrontEnv>;
type Fields = Record<string, unknown>;

interface Options {
  port?: number;
}

interface Tweet {
  id: string;
  text: string;
  reply?: { in_reply_to_tweet_id: string };
  media?: { media_ids: string[] };
}

const problem = (c: C, status: 400 | 401 | 403 | 404, title: string, detail: string) =>
  c.json({ title, detail, type: 'about:blank', status }, status);

/** X’s API v2 as far as posts and media go: weighted length, no duplicates, problem documents, limits without Retry-After. */
export async function startX(options: Options = {}): Promise<StandIn> {
  const tweets: Tweet[] = [];
  const files = new Map<string, { total: number; got: number; ready: boolean }>();
  let lastId = 1_900_000_000_000_000_000n;
  const { app, signedIn, standIn } = await openPublishing(options, demo.xToken, {
    forget: () => {
      tweets.length = 0;
      files.clear();
    },
    faults: rateLimited,
  });
  const nextId = () => {
    lastId += 1n;
    return String(lastId);
  };
  app.use('/2/*', async (c, next) => {
    if (!signedIn(c)) return problem(c, 401, 'Unauthorized', 'Unauthorized');
    await next();
    const reset = String(Math.floor(Date.now() / 1000) + 900);
    for (const [name, value] of [
      ['limit', '100'],
      ['remaining', '99'],
      ['reset', reset],
    ])
      c.res.headers.set(`x-rate-limit-${name}`, value as string);
    return;
  });
  app
    .get('/2/users/me', (c) => c.json({ data: { id: '42', name: 'Northwind', username: 'northwind' } }))
    .get('/2/users/42/tweets', (c) =>
      c.json({ data: tweets.toReversed().map(shortened), meta: { result_count: tweets.length } }),
    )
    .post('/2/tweets', async (c) => {
      const sent = await c.req.json<Omit<Tweet, 'id'>>();
      const { text, reply, media } = sent;
      if (typeof text !== 'string' || !text.trim())
        return problem(c, 400, 'Invalid Request', 'One or more parameters to your request was invalid.');
      if (twitter.parseTweet(text).weightedLength > 280)
        return problem(c, 403, 'Forbidden', 'You are not permitted to perform this action.');
      if (tweets.some((tweet) => tweet.text === text))
        return problem(c, 403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.');
      if (reply && !tweets.some(({ id }) => id === reply.in_reply_to_tweet_id))
        return problem(c, 400, 'Invalid Request', 'The Tweet that you reply to is not visible to you.');
      if (media?.media_ids.some((id) => !files.get(id)?.ready))
        return problem(c, 400, 'Invalid Request', 'Your media IDs are invalid.');
      tweets.push({ ...sent, id: nextId() });
      return c.json({ data: { id: tweets.at(-1)?.id, text } }, 201);
    })
    .delete('/2/tweets/:id', (c) => {
      const index = tweets.findIndex(({ id }) => id === c.req.param('id'));
      if (index >= 0) tweets.splice(index, 1);
      return c.json({ data: { deleted: index >= 0 } });
    })
    .post('/2/media/upload/initialize', async (c) => {
      const { media_type, total_bytes, media_category } = await c.req.json<Fields>();
      if (!media_type || !total_bytes || !media_category)
        return problem(c, 400, 'Invalid Request', 'media_type, total_bytes and media_category are required.');
      const id = nextId();
      files.set(id, { total: Number(total_bytes), got: 0, ready: false });
      return c.json({ data: { id, media_key: `3_${id}`, expires_after_secs: 86_400 } });
    })
    .post('/2/media/upload/:id/append', async (c) => {
      const file = files.get(c.req.param('id'));
      const { media, segment_index } = await c.req.parseBody();
      if (!file || !(media instanceof File) || segment_index === undefined)
        return problem(c, 400, 'Invalid Request', 'media and segment_index are required.');
      file.got += media.size;
      return c.json({ data: { expires_at: 0 } });
    })
    .post('/2/media/upload/:id/finalize', (c) => {
      const file = files.get(c.req.param('id'));
      if (!file || file.got !== file.total) return problem(c, 400, 'Invalid Request', 'Segments do not add up.');
      file.ready = true;
      return c.json({ data: { id: c.req.param('id'), processing_info: { state: 'succeeded' } } });
    })
    .post('/2/media/metadata', (c) => c.json({ data: {} }))
    .all('*', (c) => problem(c, 404, 'Not Found', 'There is nothing here.'));
  return standIn;
}

/** Addresses come back as short ones, with the long ones beside. */
function shortened({ id, text }: Tweet) {
  const urls = twitter
    .extractUrls(text)
    .map((expanded_url, index) => ({ url: `https://t.co/${id}${index}`, expanded_url }));
  return {
    id,
    text: urls.reduce((all, { url, expanded_url }) => all.replace(expanded_url, url), text),
    entities: { urls },
  };
}

const rateLimited: FaultEffects = {
  rate_limited: async (_c, { retry_after = 900 }) =>
    Response.json(
      { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 },
      {
        status: 429,
        headers: {
          'x-rate-limit-limit': '100',
          'x-rate-limit-remaining': '0',
          'x-rate-limit-reset': String(Math.floor(Date.now() / 1000) + retry_after),
        },
      },
    ),
};

const reserved = /(?<!\\)[|{}@[\]()<>#*_~]/;

/** LinkedIn’s versioned API: posts in “little text”, images and documents. */
export async function startLinkedin(options: Options = {}): Promise<StandIn> {
  const posts: Fields[] = [];
  const files = new Map<string, boolean>();
  const settings = { active_from: '202601' };
  let lastId = 7_000_000_000_000_000_000n;
  const { app, book, signedIn, standIn } = await openPublishing(options, demo.linkedinToken, {
    settings,
    forget: () => {
      posts.length = 0;
      files.clear();
    },
  });
  const nextId = () => {
    lastId += 1n;
    return lastId;
  };
  const refuse = (c: C, status: 400 | 401 | 403 | 404 | 422 | 426, message: string, more: Fields = {}) =>
    c.json({ status, message, ...more }, status);
  app.use(async (c, next) => {
    if (!signedIn(c)) {
      const known = book.find(bearerToken(c.req.header('authorization')) ?? '');
      const [code, message] = known
        ? ['REVOKED_ACCESS_TOKEN', 'The token used in the request has been revoked by the user']
        : ['INVALID_ACCESS_TOKEN', 'Invalid access token'];
      return refuse(c, 401, message as string, { serviceErrorCode: 65_601, code });
    }
    if (!c.req.path.startsWith('/rest/')) return next();
    const version = c.req.header('linkedin-version') ?? '';
    if (!/^\d{6}$/.test(version))
      return refuse(
        c,
        400,
        'A version must be present. Please specify a version by adding the LinkedIn-Version header.',
        { code: 'VERSION_MISSING' },
      );
    if (version < settings.active_from)
      return refuse(c, 426, `Requested version ${version}01 is not active`, { code: 'NONEXISTENT_VERSION' });
    return next();
  });
  app
    .get('/v2/userinfo', (c) => c.json({ sub: 'abc123', name: 'Ada Northwind', email: 'ada@example.com' }))
    .get('/rest/posts', (c) =>
      refuse(c, 403, 'Not enough permissions to access: posts.FINDER-author', {
        serviceErrorCode: 100,
        code: 'ACCESS_DENIED',
      }),
    )
    .get('/rest/_posted', (c) => c.json(posts))
    .post('/rest/:kind{images|documents}', async (c) => {
      const kind = c.req.param('kind').slice(0, -1);
      const { initializeUploadRequest: request } = await c.req.json<{ initializeUploadRequest?: { owner?: string } }>();
      if (c.req.query('action') !== 'initializeUpload' || !request?.owner)
        return refuse(c, 422, 'ERROR :: /owner :: field is required but not found and has no default value');
      const urn = `urn:li:${kind}:D4E${nextId()}`;
      files.set(urn, false);
      const uploadUrl = `https://www.linkedin.com/dms-uploads/${encodeURIComponent(urn)}`;
      return c.json({ value: { uploadUrlExpiresAt: Date.now() + 3_600_000, uploadUrl, [kind]: urn } });
    })
    .put('/dms-uploads/:urn', async (c) => {
      const urn = c.req.param('urn');
      if (!files.has(urn) || !(await c.req.arrayBuffer()).byteLength) return refuse(c, 400, 'Nothing to upload.');
      files.set(urn, true);
      return c.body(null, 201);
    })
    .post('/rest/posts', async (c) => {
      const sent = await c.req.json<Fields>();
      for (const field of ['author', 'visibility', 'distribution', 'lifecycleState'])
        if (sent[field] === undefined)
          return refuse(c, 422, `ERROR :: /${field} :: field is required but not found and has no default value`);
      if (c.req.header('x-restli-protocol-version') !== '2.0.0') return refuse(c, 400, 'ILLEGAL_ARGUMENT');
      const author = String(sent.author);
      if (author !== 'urn:li:person:abc123' && author !== 'urn:li:organization:5515715')
        return refuse(c, 403, 'Not enough permissions to access: posts.CREATE', {
          serviceErrorCode: 100,
          code: 'ACCESS_DENIED',
        });
      const text = String(sent.commentary ?? '');
      if (text.length > 3000 * 2)
        return refuse(c, 422, 'ERROR :: /commentary :: length exceeds the maximum allowed of 3000');
      const ids = JSON.stringify(sent.content ?? '').match(/urn:li:(image|document):\w+/g) ?? [];
      if (ids.some((id) => !files.get(id))) return refuse(c, 400, 'Media is not ready.', { code: 'ILLEGAL_ARGUMENT' });
      if (posts.some((post) => post.commentary === text))
        return refuse(c, 422, `Content is a duplicate of urn:li:share:${posts[0]?.id}`, { code: 'DUPLICATE_POST' });
      const id = `urn:li:share:${nextId()}`;
      posts.push({ ...sent, id, shown: cutOff(text) });
      return c.body(null, 201, { 'x-restli-id': id });
    })
    .delete('/rest/posts/:urn', (c) => {
      const index = posts.findIndex(({ id }) => id === c.req.param('urn'));
      if (index >= 0) posts.splice(index, 1);
      return c.body(null, 204);
    })
    .all('*', (c) => refuse(c, 404, 'No virtual resource found for request'));
  return standIn;
}

/** What readers would see: everything from the first unescaped sign on is lost, but for templates of hashtags. */
function cutOff(text: string): string {
  const read = text.replace(/\{hashtag\|\\#\|((?:[^\\}]|\\.)*)\}/g, (_all, tag: string) => `\\#${tag}`);
  const at = read.search(reserved);
  return (at < 0 ? read : read.slice(0, at)).replace(/\\(.)/g, '$1');
}
