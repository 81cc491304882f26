import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDrivers } from '../../src/drivers/index.ts';
import { rank, type Searchable } from '../../src/lib/search.ts';

let items: Searchable[];
beforeAll(async () => {
  items = [...(await loadDrivers()).values()].map(({ entry }) => entry);
});

const first = (query: string) => rank(items, query)[0]?.key;

/** What people type, and the entry that they mean. */
const queries: [query: string, key: string][] = [
  ['github', 'github'],
  ['gihtub', 'github'],
  ['githbu', 'github'],
  ['gitub', 'github'],
  ['gitthub', 'github'],
  ['GitHub Enterprise', 'github'],
  ['pull requests', 'github'],
  ['gh', 'github'],
  ['slack', 'slack'],
  ['slak', 'slack'],
  ['salck', 'slack'],
  ['sllack', 'slack'],
  ['postgers', 'postgresql'],
  ['postgresq', 'postgresql'],
  ['psotgresql', 'postgresql'],
  ['psql', 'postgresql'],
  ['database', 'postgresql'],
  ['twitter', 'twitter'],
  ['twiter', 'twitter'],
  ['twtiter', 'twitter'],
  ['tweet', 'twitter'],
  ['x', 'twitter'],
  ['wordpres', 'wordpress'],
  ['wrodpress', 'wordpress'],
  ['word press', 'wordpress'],
  ['wp', 'wordpress'],
  ['linkdin', 'linkedin'],
  ['linkedn', 'linkedin'],
  ['linekdin', 'linkedin'],
  ['linked in', 'linkedin'],
  ['opnai', 'openai'],
  ['oepnai', 'openai'],
  ['open ai', 'openai'],
  ['chatgpt', 'openai'],
  ['chtagpt', 'openai'],
  ['medum', 'medium'],
  ['meduim', 'medium'],
  ['rest api', 'http-api'],
  ['http appi', 'http-api'],
  ['composoi', 'composio'],
  ['compsio', 'composio'],
  ['toolkit', 'composio'],
];

describe('search', () => {
  it.each(queries)('finds for “%s” first %s', (query, key) => {
    expect(first(query)).toBe(key);
  });

  it('has at least forty fixed queries that name every entry', () => {
    expect(queries.length).toBeGreaterThanOrEqual(40);
    expect(new Set(queries.map(([, key]) => key))).toEqual(new Set(items.map((item) => item.key)));
  });

  it.each(['fax machine', 'zzzz', 'qwertyuiop', '12345', '☃', '(((', '.*', '😀😀', 'q'.repeat(5000), "'; drop table"])(
    'finds nothing for “%s”',
    (query) => {
      expect(rank(items, query)).toEqual([]);
    },
  );

  it('returns everything in its order for a blank query', () => {
    expect(rank(items, '')).toEqual(items);
    expect(rank(items, ' \t ')).toEqual(items);
  });

  it('changes nothing that it was given', () => {
    const before = structuredClone(items);
    rank(items, 'gihtub');
    expect(items).toEqual(before);
  });

  it('puts an exact name before a beginning, and a beginning before a word of the description', () => {
    const entry = (key: string, description = '') => ({ key, name: key, aliases: [], category: 'Work', description });
    const ranked = rank([entry('notes', 'Mail of the team'), entry('mailer'), entry('mail')], 'mail');
    expect(ranked.map(({ key }) => key)).toEqual(['mail', 'mailer', 'notes']);
  });

  it('needs every word of a query, in any order', () => {
    expect(rank(items, 'slack messages').map(({ key }) => key)).toEqual(['slack']);
    expect(rank(items, 'messages slack').map(({ key }) => key)).toEqual(['slack']);
    expect(rank(items, 'slack database')).toEqual([]);
  });

  it('ignores case, accents and words that say nothing', () => {
    expect(first('  SLÁCK ')).toBe('slack');
    expect(first('posts for the wordpress')).toBe('wordpress');
  });

  it('knows no entry by name', async () => {
    const source = await readFile(new URL('../../src/lib/search.ts', import.meta.url), 'utf8');
    for (const { key } of items) expect(source).not.toContain(`'${key}'`);
  });

  it('ranks five hundred entries within half a second', () => {
    const many = Array.from({ length: 50 }, (_, n) =>
      items.map((item) => ({ ...item, key: `${item.key}-${n}` })),
    ).flat();
    const start = performance.now();
    expect(rank(many, 'postgers').length).toBe(50);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
