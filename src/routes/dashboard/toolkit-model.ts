import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { deadlineIn } from '../../lib/signals.ts';
import { type BrokerTarget, readBrokers } from '../../services/brokers/brokers.ts';
import { connectedToolkits, listToolkits, type Toolkit, type ToolkitList } from '../../services/brokers/toolkits.ts';
import type { Env } from '../env.ts';
import { paths } from '../paths.ts';
import type { ToolkitCard, ToolkitResults } from '../view-models/toolkit.ts';

const perPage = 24;

/** What brokers bring, beside the catalog; null where none is installed, or the address filters by what brokers do not know. */
export async function toolkitResults(ctx: Ctx, c: Context<Env>): Promise<ToolkitResults | null> {
  const { q = '', category = '', auth = '', toolkits: cursor } = c.req.query();
  const brokers = await readBrokers(ctx);
  const [first] = brokers;
  if (!first || category || auth) return null;
  const at = { q: q.slice(0, 200) || undefined, limit: perPage, connectorId: first.connector.id };
  const list = await inTime(listToolkits(ctx, { ...at, cursor: cursor || undefined }), late(first));
  const connected = new Set(
    await connectedToolkits(
      ctx,
      brokers.map(({ connector }) => connector.id),
    ),
  );
  return {
    broker: first.connector.catalog.name,
    cards: list.data.map((toolkit) => cardOf(toolkit, connected)),
    first: !cursor,
    next: list.nextCursor ? nextOf(c, list.nextCursor) : null,
    staleSince: list.freshness?.stale ? list.freshness.fetchedAt : null,
    trouble: troubleOf(list),
  };
}

/** Milliseconds that a page waits for a broker of which nothing is known yet; what it says then is there for the next one. */
const patienceMs = 4_000;

const late = ({ connector: { id, name } }: BrokerTarget): ToolkitList => ({
  ...{ data: [], nextCursor: null, freshness: null },
  troubles: [{ connectorId: id, name, message: 'It has not answered yet. Look again in a moment.' }],
});

async function inTime<T>(work: Promise<T>, instead: T): Promise<T> {
  const time = deadlineIn(patienceMs);
  const over = new Promise<T>((resolve) => time.signal.addEventListener('abort', () => resolve(instead)));
  work.catch(() => {}); // it goes on when nobody waits any more
  return Promise.race([work, over]).finally(time.clear);
}

const troubleOf = ({ troubles: [trouble] }: ToolkitList): string =>
  trouble ? `${trouble.name} could not be asked. ${trouble.message}` : '';

function nextOf(c: Context<Env>, cursor: string): string {
  const query = new URLSearchParams({ ...(c.req.query('q') && { q: c.req.query('q') }), toolkits: cursor });
  return `${paths.catalog}?${query}`;
}

function cardOf(
  { slug, name, description, categories, via, toolsCount }: Toolkit,
  connected: Set<string>,
): ToolkitCard {
  const own = slug.slice(slug.indexOf('.') + 1);
  return {
    path: paths.toolkit(via?.id ?? '', own),
    name,
    description,
    category: categories[0]?.name ?? '',
    via: via?.catalog.name ?? '',
    tools: toolsCount,
    connected: connected.has(own),
  };
}
