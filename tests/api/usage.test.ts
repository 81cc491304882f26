import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { rollUpUsage } from '../../src/services/usage/usage-rollups.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { type CallRow, makeCalls } from '../support/usage-calls.ts';

let at: TestApp;
let keys: { ada: string; ben: string };
let secret: string;
const hourMs = 3_600_000;
const noon = Math.floor((Date.now() - 3 * 24 * hourMs) / (24 * hourMs)) * 24 * hourMs + 12 * hourMs;
const call = (minutes: number, more: Partial<CallRow> = {}): CallRow => ({
  at: new Date(noon + minutes * 60_000),
  ...more,
});

beforeAll(async () => {
  at = await testApp();
  const { ada, ben } = at.cast;
  const made = await (
    await at.as(ada, 'POST', '/api/api-keys', { name: '=Key', role: 'member', scopes: ['usage:read', 'llm:use'] })
  ).json();
  const bens = '0197a8e2-0000-7000-8000-0000000000be';
  // Ben made one while he was an admin.
  await withConnection(
    at.database.admin,
    (own) => own`
      insert into api_keys (tenant_id, id, name, prefix, hash, role, scopes, member_id, created_by, created_by_name)
      select ${ada.tenantId}, ${bens}, 'Ben’s', 'pbk_x', 'x', 'member', '[]', id, ${ben.id}, 'Ben'
      from members where user_id = ${ben.id} and organization_id = ${ada.tenantId}`,
  );
  keys = { ada: made.id, ben: bens };
  secret = made.key;
  await makeCalls(at.database.admin, ada.tenantId, [
    call(0, { key: keys.ada, costNano: 2_000_000, totalMs: 1_000 }),
    call(1, { key: keys.ben, model: '=1+1', costNano: null, estimated: true }),
    call(2, { tier: 'low', costNano: 500 }),
    call(3, { key: keys.ada, failed: true, unused: true }),
    call(70, { key: keys.ada, failed: true, costNano: 0 }),
  ]);
  await rollUpUsage(at.hub);
  await makeCalls(at.database.admin, ada.tenantId, [{ at: new Date(), key: keys.ada, costNano: 1 }]);
});
afterAll(() => at.close());

const get = (path: string, person = at.cast.ada, headers = {}) => at.as(person, 'GET', path, undefined, headers);
const sums = async (query: string, person = at.cast.ada): Promise<Json[]> =>
  (await (await get(`/api/usage?${query}`, person)).json()).data;

describe('GET /api/usage', () => {
  it('tells calls, attempts and failures apart, unknown cost from none, and how long calls took', async () => {
    const rows = await sums('by=model');
    const of = (group: string | null) => rows.find((row) => row.group === group);
    expect(of('gpt-4o-mini')).toMatchObject({ calls: 4, attempts: 4, failed_calls: 1, cost_usd: '0.002000501' });
    expect(of('=1+1')).toMatchObject({ calls: 1, cost_usd: null, unknown_cost_calls: 1, estimated_calls: 1 });
    expect(of(null)).toMatchObject({ calls: 0, attempts: 1, failed_calls: 1, cost_usd: null, latency_p50_ms: null });
    expect(of('=1+1').latency_p50_ms).toBeGreaterThan(640);
    expect(of('=1+1').latency_p50_ms).toBeLessThan(1_000);
    expect(of('=1+1').first_token_p95_ms).toBeGreaterThan(160);
  });

  it('takes spans that end within an hour, and filters', async () => {
    const until = new Date(noon + 2 * 60_000).toISOString();
    expect((await sums(`by=day&until=${until}`)).map(({ calls }) => calls)).toEqual([2]);
    expect((await sums('by=model&tier=low')).map(({ calls }) => calls)).toEqual([1]);
    expect((await sums(`by=connector&key=${keys.ben}`)).map(({ calls }) => calls)).toEqual([1]);
    expect(await sums('by=model&connector=nothing')).toEqual([]);
  });

  it('shows members the workspace, and of keys their own', async () => {
    expect(await sums('by=model', at.cast.ben)).toEqual(await sums('by=model'));
    expect((await sums('by=key', at.cast.ben)).map(({ group, name }) => [group, name])).toEqual([[keys.ben, 'Ben’s']]);
    expect(await sums(`by=model&key=${keys.ada}`, at.cast.ben)).toEqual([]);
    expect((await sums('by=key')).map(({ name }) => name).sort()).toEqual(['=Key', 'Ben’s', null]);
    expect(await sums('by=model', at.cast.cleo)).toEqual([]);
    const byKey = await at.as(null, 'GET', '/api/usage?by=key', undefined, { authorization: `Bearer ${secret}` });
    // The key has the role of a member, and Ada made it.
    expect((await byKey.json()).data.map(({ group }: Json) => group)).toEqual([keys.ada]);
  });

  it('comes as a table without formulas', async () => {
    const asked = await get('/api/usage?by=key&format=csv');
    expect(asked.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(asked.headers.get('content-disposition')).toContain('attachment; filename="patchbay-usage-by-key.csv"');
    const text = await asked.text();
    expect(text.split('\r\n')[0]).toMatch(/^key,name,calls,attempts,failed_calls,.*first_token_p95_ms$/);
    expect(text).toContain(`${keys.ada},'=Key,3,4,2,`);
    expect(await (await get('/api/usage?by=key', at.cast.ada, { accept: 'text/csv' })).text()).toBe(text);
    expect((await get('/api/usage?format=xml')).status).toBe(422);
  });
});

describe('GET /api/usage/calls', () => {
  it('pages through all calls, oldest first, each once', async () => {
    const seen: Json[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Json = await (await get(`/api/usage/calls?limit=2${cursor && `&cursor=${cursor}`}`)).json();
      seen.push(...page.data);
      cursor = page.next_cursor;
    }
    expect(seen.map(({ cost_usd: cost }) => cost)).toEqual([
      ...['0.002000000', null, '0.000000500', '0.000000000', '0.000000001'],
    ]);
    expect(seen[0].at).toBe(new Date(noon).toISOString().replace('Z', '000Z'));
    expect((await get('/api/usage/calls?cursor=x')).status).toBe(422);
    const strange = Buffer.from(JSON.stringify(['2026-13-45T99:00:00.000000Z', keys.ada])).toString('base64url');
    expect((await get(`/api/usage/calls?cursor=${strange}`)).status).toBe(422);
  });

  it('comes whole as a file, over many pages', async () => {
    const many = Array.from({ length: 2_100 }, (_, index) => ({
      at: new Date(noon - 24 * hourMs + (index % 7) * 1_000),
    }));
    await makeCalls(at.database.admin, at.cast.cleo.tenantId, many);
    const lines = (await (await get('/api/usage/calls?format=csv', at.cast.cleo)).text()).split('\r\n');
    expect([lines.length, new Set(lines).size]).toEqual([2_102, 2_102]);
    const { data, next_cursor: next } = await (await get('/api/usage/calls?format=json', at.cast.cleo)).json();
    expect([data.length, next]).toEqual([2_100, null]);
    const mine = await (await get('/api/usage/calls?format=csv')).text();
    expect(mine).toContain(",'=1+1,");
    const none = '/api/usage/calls?format=json&until=2020-01-01T00:00:00Z';
    expect(await (await get(none)).json()).toEqual({ data: [], next_cursor: null });
  });

  it('gives members the calls of their own keys', async () => {
    const { data } = await (await get('/api/usage/calls', at.cast.ben)).json();
    expect(data.map(({ api_key_id: key }: Json) => key)).toEqual([keys.ben]);
  });
});

describe('the page', () => {
  const page = async (query = '', person = at.cast.ada) => {
    const answer = await get(`/usage${query}`, person);
    expect(answer.status).toBe(200);
    return answer.text();
  };

  it('tells unknown cost as unknown, marks what was guessed, and names keys', async () => {
    const html = await page('?split=key');
    expect(html).toContain('+ 1 call at unknown cost');
    expect(html).toContain('1 call estimated');
    expect(html).toMatch(/<data value="0\.002000001"/);
    expect(html).toContain('>=Key<');
    expect(html).toContain('2 failed (33 %)');
    expect(html).toMatch(/<svg class="chart" role="img"/);
    expect(html.match(/<td data-label="Cost">\s*<abbr[^>]*>≈<\/abbr> unknown/g)).toHaveLength(1);
  });

  it('has three things to say when there is nothing', async () => {
    expect(await page('?range=own&from=2020-01-01&until=2020-01-31')).toContain('Nothing matches');
    expect(await page('', at.cast.dan)).not.toContain('Nothing matches');
    const app = await testApp();
    try {
      const html = await (await app.as(app.cast.ada, 'GET', '/usage')).text();
      expect(html).toContain('No language model was called yet');
      expect(html).toContain('curl http://hub.test/v1/chat/completions');
    } finally {
      await app.close();
    }
  });

  it('keeps the keys of others from members, in lists too', async () => {
    const html = await page('?split=key', at.cast.ben);
    expect(html).toContain('your own keys');
    expect(html).not.toContain('=Key');
    expect(html).not.toContain(keys.ada);
  });

  it('answers htmx with the part that changes', async () => {
    const answer = await get('/usage?range=7d', at.cast.ada, { 'hx-request': 'true' });
    const html = await answer.text();
    expect([answer.headers.get('vary'), html.trimStart().slice(0, 8)]).toEqual([
      expect.stringContaining('HX-Request'),
      '<section',
    ]);
  });
});
