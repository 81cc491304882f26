import type { Context } from 'hono';
import { type FrontEnv, openFront, type StandIn } from './front.ts';
import { TokenBook } from './token-book.ts';

type C = Context<FrontEnv>;
type Fields = Record<string, unknown>;

/** A key that the stand-in knows. */
export const ticketsKey = 'tk_demo0000notreal';

const seeds = (): Fields[] =>
  Array.from({ length: 5 }, (_, index) => ({
    id: `T-${index + 1}`,
    subject: ['The printer is on fire', 'No sound', 'A strange smell', 'Lost badge', 'Slow mail'][index],
    status: index % 2 ? 'closed' : 'open',
    requester: { name: ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve'][index] },
    url: `https://tickets.demo.example/T-${index + 1}`,
  }));

/** The help desk of the example in `docs/examples/catalog`: a service that nobody has. */
export async function startTickets({ port }: { port?: number } = {}): Promise<StandIn> {
  const book = new TokenBook();
  const tickets: Fields[] = [];
  const begin = () => {
    book.clear();
    book.learn(ticketsKey, { kind: 'user', account: 'u-7', clientId: null, scopes: [] });
    tickets.splice(0, tickets.length, ...seeds());
  };
  begin();
  const front = await openFront({ port, tokens: book, tokenPath: '/never', reset: begin });
  const refuse = (c: C, status: 401 | 403 | 404 | 422, code: string, message: string) =>
    c.json({ error: { code, message } }, status);
  front.app.use('/api/v1/*', (c, next) =>
    book.find(c.req.header('x-api-key') ?? '')?.state === 'active'
      ? next()
      : Promise.resolve(refuse(c, 401, 'bad_key', 'This key is not known.')),
  );
  front.app
    .get('/api/v1/me', (c) => c.json({ user: { id: 'u-7', name: 'Ada Lovelace' } }))
    .get('/api/v1/tickets', (c) => {
      const wanted = c.req.query('status');
      const from = Number(c.req.query('after') ?? 0);
      const found = tickets.filter(({ status }) => !wanted || status === wanted);
      const end = from + Number(c.req.query('limit') ?? 20);
      return c.json({ data: found.slice(from, end), meta: { next: end < found.length ? String(end) : null } });
    })
    .get('/api/v1/tickets/:id', (c) => {
      const data = tickets.find(({ id }) => id === c.req.param('id'));
      return data ? c.json({ data }) : refuse(c, 404, 'no_ticket', 'There is no such ticket.');
    })
    .post('/api/v1/tickets', async (c) => {
      const sent = await c.req.json<Fields>();
      if (!sent.subject || !c.req.header('idempotency-key'))
        return refuse(c, 422, 'no_subject', 'A ticket needs a subject.');
      if (sent.subject === 'flood') return refuse(c, 403, 'slow_down', 'Open fewer tickets.');
      const id = `T-${tickets.length + 1}`;
      const data = {
        ...sent,
        id,
        status: 'open',
        url: `https://tickets.demo.example/${id}`,
        requester: { name: 'Ada' },
      };
      tickets.unshift(data);
      return c.json({ data }, 201);
    })
    .all('*', (c) => refuse(c, 404, 'no_route', 'There is nothing here.'));
  return { url: front.url, control: front.control, close: front.close };
}
