import type { Context } from 'hono';
import { demo } from '../../seeds/demo.ts';
import { type FrontEnv, openFront, type StandIn } from './front.ts';
import { basicCredentials, bearerToken } from './journal.ts';
import { TokenBook } from './token-book.ts';

type C = Context<FrontEnv>;
type Fields = Record<string, unknown>;

interface Options {
  port?: number;
}

/** Where a stand-in begins: its credential, settings that the control may change, and what it forgets. */
export async function openPublishing(
  { port }: Options,
  token: string,
  parts: { settings?: Fields; forget(): void; faults?: Parameters<typeof openFront>[0]['faults'] },
) {
  const book = new TokenBook();
  const learn = () => book.learn(token, { kind: 'user', account: 'northwind', clientId: null, scopes: [] });
  learn();
  const settings = parts.settings ?? {};
  const initial = { ...settings };
  const front = await openFront({
    port,
    tokens: book,
    settings,
    faults: parts.faults,
    tokenPath: '/never',
    reset: () => {
      book.clear();
      learn();
      Object.assign(settings, initial);
      parts.forget();
    },
  });
  const signedIn = (c: C) => book.find(bearerToken(c.req.header('authorization')) ?? '')?.state === 'active';
  const standIn: StandIn = { url: front.url, control: front.control, close: front.close };
  return { app: front.app, book, signedIn, standIn };
}

const statuses = ['publish', 'future', 'draft', 'pending', 'private'];

/** WordPress’s REST API as a site of version 6.5 answers it: posts, media, tags. */
export async function startWordpress(options: Options = {}): Promise<StandIn> {
  const posts: Fields[] = [];
  const media: Fields[] = [];
  const tags: { id: number; name: string }[] = [];
  let lastId = 10;
  const settings = { role: 'editor' };
  const { username, password } = demo.wordpress;
  const { app, book, standIn } = await openPublishing(options, password, {
    settings,
    forget: () => {
      for (const list of [posts, media, tags]) list.length = 0;
    },
  });
  const signedIn = (c: C) => {
    const sent = basicCredentials(c.req.header('authorization'));
    const known = sent && book.find(sent.password);
    return sent?.user === username && known?.state === 'active';
  };
  const refuse = (c: C, status: 400 | 401 | 403 | 404, code: string, message: string) =>
    c.json({ code, message, data: { status } }, status);
  const write = (c: C, post: Fields, sent: Fields) => {
    if (sent.status !== undefined && !statuses.includes(String(sent.status)))
      return refuse(c, 400, 'rest_invalid_param', 'Invalid parameter(s): status');
    if (settings.role === 'contributor' && ['publish', 'future', 'private'].includes(String(sent.status)))
      return refuse(c, 403, 'rest_cannot_publish', 'Sorry, you are not allowed to publish posts in this post type.');
    const { title, content, ...plain } = sent;
    Object.assign(post, plain);
    if (title !== undefined) post.title = { raw: title, rendered: title };
    if (content !== undefined) post.content = { raw: content, rendered: content };
    return null;
  };
  app.use('/wp-json/wp/v2/*', (c, next) =>
    signedIn(c) ? next() : Promise.resolve(refuse(c, 401, 'rest_not_logged_in', 'You are not currently logged in.')),
  );
  app
    .get('/wp-json/wp/v2/users/me', (c) =>
      c.json({
        id: 7,
        name: 'Ed',
        username,
        capabilities: { edit_posts: true, publish_posts: settings.role === 'editor' },
      }),
    )
    .get('/wp-json/wp/v2/posts', (c) => {
      const wanted = (c.req.query('status') ?? 'publish').split(',');
      if (wanted.some((each) => !statuses.includes(each) && each !== 'any'))
        return refuse(c, 400, 'rest_invalid_param', 'Invalid parameter(s): status');
      const found = posts.filter(({ status }) => wanted.includes(String(status))).toReversed();
      const perPage = Number(c.req.query('per_page') ?? 10);
      const raw = c.req.query('context') === 'edit';
      const shown = found.slice(0, perPage).map((post) => (raw ? post : { ...post, content: undefined }));
      return c.json(shown, 200, { 'x-wp-total': String(found.length), 'x-wp-totalpages': '1' });
    })
    .post('/wp-json/wp/v2/posts', async (c) => {
      const sent = await c.req.json<Fields>();
      if (![sent.title, sent.content, sent.excerpt].some(Boolean))
        return refuse(c, 400, 'empty_content', 'Content, title, and excerpt are empty.');
      lastId += 1;
      const link = `https://blog.demo.example/?p=${lastId}`;
      const post: Fields = { id: lastId, link, status: 'draft', slug: '', title: { raw: '', rendered: '' } };
      const refusal = write(c, post, sent);
      if (refusal) return refusal;
      posts.push(post);
      return c.json(post, 201, { location: `https://blog.demo.example/wp-json/wp/v2/posts/${lastId}` });
    })
    .post('/wp-json/wp/v2/posts/:id', async (c) => {
      const post = posts.find(({ id }) => String(id) === c.req.param('id'));
      if (!post) return refuse(c, 404, 'rest_post_invalid_id', 'Invalid post ID.');
      return write(c, post, await c.req.json<Fields>()) ?? c.json(post);
    })
    .delete('/wp-json/wp/v2/posts/:id', (c) => {
      const index = posts.findIndex(({ id }) => String(id) === c.req.param('id'));
      const post = posts[index];
      if (!post) return refuse(c, 404, 'rest_post_invalid_id', 'Invalid post ID.');
      if (c.req.query('force') !== 'true') return c.json(Object.assign(post, { status: 'trash' }));
      posts.splice(index, 1);
      return c.json({ deleted: true, previous: post });
    })
    .post('/wp-json/wp/v2/media', async (c) => {
      const name = /filename="([^"]+)"/.exec(c.req.header('content-disposition') ?? '')?.[1];
      const bytes = (await c.req.arrayBuffer()).byteLength;
      if (!name || !bytes) return refuse(c, 400, 'rest_upload_no_data', 'No data supplied.');
      lastId += 1;
      const source_url = `https://blog.demo.example/wp-content/uploads/${name}`;
      media.push({ id: lastId, source_url, mime_type: c.req.header('content-type'), bytes });
      return c.json(media.at(-1), 201);
    })
    .post('/wp-json/wp/v2/media/:id', async (c) => {
      const file = media.find(({ id }) => String(id) === c.req.param('id'));
      if (!file) return refuse(c, 404, 'rest_post_invalid_id', 'Invalid post ID.');
      return c.json(Object.assign(file, await c.req.json<Fields>()));
    })
    .get('/wp-json/wp/v2/media', (c) => c.json(media))
    .get('/wp-content/uploads/tea.png', (c) =>
      c.body(new Uint8Array(Buffer.from('iVBORw0KGgo=', 'base64')), 200, { 'content-type': 'image/png' }),
    )
    .get('/wp-json/wp/v2/tags', (c) => {
      const words = (c.req.query('search') ?? '').toLowerCase();
      return c.json(tags.filter(({ name }) => name.toLowerCase().includes(words)));
    })
    .post('/wp-json/wp/v2/tags', async (c) => {
      const { name } = await c.req.json<{ name: string }>();
      if (tags.some((tag) => tag.name === name))
        return refuse(c, 400, 'term_exists', 'A term with the name provided already exists in this taxonomy.');
      lastId += 1;
      tags.push({ id: lastId, name });
      return c.json(tags.at(-1), 201);
    })
    .all('*', (c) => refuse(c, 404, 'rest_no_route', 'No route was found matching the URL and request method.'));
  return standIn;
}

/** Medium’s API as it was left in 2023. */
export async function startMedium(options: Options = {}): Promise<StandIn> {
  const stories: Fields[] = [];
  const { app, signedIn, standIn } = await openPublishing(options, demo.mediumToken, {
    forget: () => {
      stories.length = 0;
    },
  });
  const refuse = (c: C, status: 400 | 401 | 403 | 404, message: string) =>
    c.json({ errors: [{ message, code: 6000 + (status - 400) }] }, status);
  app.use('/v1/*', (c, next) => (signedIn(c) ? next() : Promise.resolve(refuse(c, 401, 'Token was invalid.'))));
  app
    .get('/v1/me', (c) =>
      c.json({ data: { id: 'u1', username: 'northwind', name: 'Northwind', url: 'https://medium.com/@northwind' } }),
    )
    .get('/v1/users/:id/publications', (c) =>
      c.req.param('id') === 'u1'
        ? c.json({
            data: [
              {
                id: 'b45573563f5a',
                name: 'Northwind News',
                description: 'Tea',
                url: 'https://medium.com/nw',
                imageUrl: 'x',
              },
            ],
          })
        : refuse(c, 403, 'This is somebody else’s list.'),
    )
    .get('/v1/stories', (c) => c.json(stories))
    .post('/v1/images', async (c) => {
      const { image } = await c.req.parseBody();
      if (!(image instanceof File) || !image.size) return refuse(c, 400, 'No image was sent.');
      return c.json({ data: { url: `https://cdn-images-1.medium.com/${image.name}`, md5: 'x' } }, 201);
    })
    .post('/v1/:kind/:id/posts', async (c) => {
      const sent = await c.req.json<Fields>();
      const { title, content, contentFormat, tags = [], publishStatus = 'public' } = sent;
      if (c.req.param('kind') === 'users' && c.req.param('id') !== 'u1')
        return refuse(c, 403, 'User is not authorised to publish for this account.');
      if (!title || !content) return refuse(c, 400, 'Title and content are required.');
      if (!['html', 'markdown'].includes(String(contentFormat))) return refuse(c, 400, 'contentFormat is not known.');
      if (!['public', 'draft', 'unlisted'].includes(String(publishStatus)))
        return refuse(c, 400, 'publishStatus is not known.');
      if ((tags as string[]).some((tag) => tag.length > 25)) return refuse(c, 400, 'Tags have at most 25 characters.');
      const id = `s${stories.length + 1}`;
      const story = {
        id,
        title,
        tags: (tags as string[]).slice(0, 3),
        url: `https://medium.com/@northwind/${id}`,
        publishStatus,
      };
      stories.push({ ...sent, ...story });
      return c.json({ data: story }, 201);
    })
    .all('*', (c) => refuse(c, 404, 'Not found.'));
  return standIn;
}
