import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createViews } from '../../src/lib/views.ts';

let dir: string;
const write = (name: string, source: string) => {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), source);
};
const render = (name: string, model: object, globals = {}) =>
  createViews<Record<string, object>>(dir, globals).render(name, model);

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'patchbay-views-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('views', () => {
  it('escapes what is printed, also inside attributes', () => {
    write('a.eta', '<p title="<%= it.text %>"><%= it.text %></p>');
    expect(render('a', { text: `<b>&"'` })).toBe('<p title="&lt;b&gt;&amp;&quot;&#39;">&lt;b&gt;&amp;&quot;&#39;</p>');
  });

  it('prints nothing for null and undefined, but 0 and false', () => {
    write('a.eta', '[<%= it.none %>][<%= it.nothing %>][<%= it.zero %>][<%= it.no %>]');
    expect(render('a', { none: null, zero: 0, no: false })).toBe('[][][0][false]');
  });

  it('gives globals to templates, layouts and partials', () => {
    write('layouts/app.eta', '<main><%~ it.body %></main><%= it.url("/x") %>');
    write('noun/_part.eta', '<i><%= it.url(it.to) %></i>');
    write('noun/index.eta', '<% layout("/layouts/app") %><%~ include("/noun/_part", { to: "/y" }) %>');
    expect(render('noun/index', {}, { url: (to: string) => `/hub${to}` })).toBe('<main><i>/hub/y</i></main>/hub/x');
  });

  it('refuses to start with a template that does not compile, and names its file', () => {
    write('good.eta', 'fine');
    write('noun/bad.eta', 'one\n<% if (true) { %>\nno end');
    expect(() => render('good', {})).toThrow(path.join(dir, 'noun/bad.eta'));
  });

  it('names file and line of a tag that is not closed', () => {
    write('bad.eta', 'one\n<%= it.x\n');
    expect(() => render('bad', {})).toThrow(/bad\.eta is not a template: unclosed tag at line 2/);
  });

  it('reads nothing outside its folder', () => {
    write('a.eta', '<%~ include(it.name, {}) %>');
    expect(() => render('a', { name: '../../etc/passwd' })).toThrow();
    expect(() => render('../a', {})).toThrow();
  });
});
