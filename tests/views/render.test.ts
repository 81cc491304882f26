import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { loadPresentation } from '../../src/routes/presentation.ts';
import type { Models } from '../../src/routes/view-models/models.ts';
import { card, form, hostile, models } from './models.ts';

const { outbound } = readConfig({});
const { views } = await loadPresentation({ basePath: '/hub', outbound }, await loadDrivers());
const names = Object.keys(models) as (keyof Models)[];
const render = <K extends keyof Models>(name: K, model: Models[K] = models[name]) => views.render(name, model);

describe.each(names)('%s', (name) => {
  const html = render(name);

  it('escapes what people typed', () => {
    expect(html).not.toContain('<img');
    expect(html).not.toContain(hostile);
    if (name !== 'docs/index' && name !== 'shared/_done') expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('holds nothing that the security policy would block', () => {
    const bare = html.replace(/"[^"]*"/g, '""');
    expect(bare.match(/<style|<script(?![^>]*\bsrc=)|\sstyle=|<[^>]*\s(on\w+|hx-on[:\w-]*)=/)).toBeNull();
    expect(html).not.toMatch(/hx-(vals|headers|trigger)[^=]*=["'][^"']*js:/);
    expect(html).not.toMatch(/hx-trigger="[^"]*\[/);
  });

  it('prints no value that is missing', () => {
    expect(html.match(/.*\b(undefined|null|NaN|\[object)\b.*/)?.[0]).toBeUndefined();
  });

  it('puts the base path in front of every address', () => {
    const addresses = [...html.matchAll(/\s(?:href|src|action|hx-(?:get|post|put|delete)|data-back)="([^"]*)"/g)];
    const ours = addresses.map(([, address = '']) => address).filter((address) => !/^(#|https?:)/.test(address));
    expect(ours.filter((address) => !address.startsWith('/hub/'))).toEqual([]);
  });

  it('gives every id once and labels what can be filled in', () => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const labelled = new Set([...html.matchAll(/<label[^>]*\sfor="([^"]+)"/g)].map(([, id]) => id));
    const controls = [...html.matchAll(/<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*>/g)].map(([tag]) => tag);
    expect(controls.filter((tag) => !labelled.has(/\sid="([^"]+)"/.exec(tag)?.[1]))).toEqual([]);
  });
});

describe('pages', () => {
  it.each(names.filter((name) => !name.includes('/_')))('%s has a title, a language and one main heading', (name) => {
    const html = render(name);
    expect(html).toMatch(/^<!doctype html>\s*<html lang="en">/);
    expect(html).toMatch(/<title>[^<]+ · Patchbay<\/title>/);
    expect(html.match(/<h1[\s>]/g)).toHaveLength(1);
  });

  it('sends the workspace that it was made for with every request', () => {
    const html = render('connectors/index');
    const { id } = models['connectors/index'].shell.tenant;
    expect(html).toContain(`hx-headers:inherited='{"X-Tenant":"${id}"}'`);
    expect(html).toContain(`<meta name="tenant" content="${id}">`);
  });
});

describe('a person who may not change anything', () => {
  const locked = 'Only owners and admins can change connectors. Ask one of them.';

  it('sees the actions, why they are off, and no way to send them', () => {
    const { results } = models['connectors/_results'];
    const html = render('connectors/_results', { results: { ...results, cards: [{ ...card, locked }] } });
    expect(html).toContain(`<p class="note" id="locked">`);
    expect(html.match(/aria-disabled="true" aria-describedby="locked"/g)).toHaveLength(2);
    expect(html).not.toMatch(/hx-(post|put|delete)=/);
  });

  it('is not offered to add what the catalog shows', () => {
    const { results } = models['catalog/_results'];
    const cards = results.cards.map((entry) => ({ ...entry, locked }));
    const html = render('catalog/_results', { results: { ...results, cards } });
    expect(html).not.toContain('/connectors/new');
    expect(html).toContain('aria-describedby="locked"');
  });
});

describe('lists tell three things apart', () => {
  const { results } = models['connectors/_results'];
  const none = { all: 0, active: 0, inactive: 0, attention: 0 };
  it.each([
    ['nothing yet', { ...results, cards: [], counts: none }, 'Nothing installed yet'],
    ['nothing matches', { ...results, cards: [] }, 'Nothing matches'],
    ['could not load', { ...results, cards: [], counts: none, failure: 'The database rests.' }, 'The database rests.'],
  ])('%s', (_what, given, text) => {
    const html = render('connectors/_results', { results: given });
    expect(html).toContain(text);
    expect(html.match(/class="empty"/g)).toHaveLength(1);
  });
});

describe('forms', () => {
  it('work without a script: method, address and hidden fields', () => {
    const html = render('connectors/_form', { form });
    expect(html).toMatch(/<form[^>]* method="post" action="\/hub\/connectors\/[^"]+" hx-put="/);
    for (const hidden of ['name="_method" value="PUT"', 'name="version" value="4"', 'name="_tenant"'])
      expect(html).toContain(`<input type="hidden" ${hidden}`);
  });

  it('say nothing of summary, notice or others’ changes when there are none', () => {
    const html = render('connectors/_form', { form: { ...form, summary: undefined, notice: '', stale: null } });
    expect(html).not.toContain('class="note');
  });
});

it('a broken secret is told in its card, with what to do', () => {
  const { results } = models['connectors/_results'];
  const html = render('connectors/_results', {
    results: { ...results, cards: [{ ...card, unreadable: ['API key'], fix: { kind: 'edit' } }] },
  });
  expect(html).toContain('Could not be opened: API key. Enter it again.');
  expect(html).toContain('Needs attention');
  expect(html).toContain('<a class="btn primary sm"');
});

it('a toast without a name or an action is only a sentence', () => {
  const html = render('shared/_done', { toasts: [{ tone: 'bad', text: 'No.' }], installedCount: null });
  expect(html).toMatch(/<p data-toast-text>No\.<\/p>/);
  expect(html).not.toMatch(/<form|<a |installed-count/);
});
