import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadDrivers } from '../../../src/drivers/index.ts';
import { type FormOptions, formFields } from '../../../src/lib/forms/model.ts';
import { errorSummary } from '../../../src/lib/forms/summary.ts';
import type { FormViews } from '../../../src/lib/forms/views.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { createViews } from '../../../src/lib/views.ts';
import { controls, controlsValue, methods } from './support/samples.ts';

const views = createViews<FormViews>(fileURLToPath(new URL('../../../views', import.meta.url)), {});
const icon = (name: string) => `<svg data-icon="${name}"></svg>`;

const html = (schema: JsonSchema, options: Partial<FormOptions> = {}) =>
  views.render('forms/_fields', { fields: formFields(schema, { prefix: 'p', idPrefix: 'f', ...options }), icon });

const allOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe('hostile schemas and values', () => {
  const evil = '"><script>alert(1)</script>\'';
  const evilText: JsonSchema = {
    type: 'string',
    title: evil,
    description: evil,
    'x-placeholder': evil,
    'x-warning': evil,
    'x-group': evil,
    'x-help-url': `https://example.com/${evil}`,
  };

  it('stay text everywhere', () => {
    const choice: JsonSchema = { ...evilText, enum: [evil], 'x-enum-titles': [evil] };
    const list: JsonSchema = { ...evilText, type: 'array', items: choice };
    const group: JsonSchema = { ...evilText, type: 'object', properties: { [evil]: evilText } };
    const schema: JsonSchema = { type: 'object', properties: { [evil]: evilText, choice, list, group } };
    const errors = { 'p.choice': [evil] };
    const page = html(schema, { value: { [evil]: evil, choice: evil }, errors });
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
    expect(page.replace(/"[^"]*"/g, '')).not.toMatch(/alert\(1\)[^<]*=/);
  });

  it('stay text in the summary', () => {
    const errors = { 'p.x': [evil] };
    const summary = errorSummary([], errors);
    expect(summary && views.render('forms/_error-summary', { summary, icon })).not.toContain('<script');
  });
});

describe('texts', () => {
  it('keep a line break at the start of a text area, which HTML would swallow', () => {
    expect(html(controls, { value: { footer: '\nsecond' } })).toMatch(/name="p\.footer"[^>]*>\n\nsecond<\/textarea>/);
    expect(html(controls, { value: { footer: 'first' } })).toMatch(/name="p\.footer"[^>]*>\nfirst<\/textarea>/);
  });

  it('never print what is missing as a word', () => {
    expect(html(controls)).not.toMatch(/undefined|null|NaN|\[object/);
    expect(html(methods)).not.toMatch(/undefined|null|NaN|\[object/);
  });

  it('never hold a secret', () => {
    const value = { ...controlsValue, tls: { key: 'canary-4711' } };
    expect(html(controls, { value, saved: new Set(['p.tls.key']) })).not.toContain('canary');
    expect(html(methods, { value: { method: 'oauth2', client_secret: 'canary-4711' } })).not.toContain('canary');
  });
});

const schemas = [...(await loadDrivers()).values()].flatMap(({ entry }): [string, JsonSchema][] => [
  [`${entry.key} config`, entry.configSchema],
  [`${entry.key} auth`, entry.authSchema],
]);

describe.each([['controls', controls] as const, ['methods', methods] as const, ...schemas])(
  'the form of %s',
  (_name, schema) => {
    const errors = Object.fromEntries(Object.keys(schema.properties ?? {}).map((key) => [`p.${key}`, ['Wrong.']]));
    const page = html(schema, { errors, computed: { 'p.redirect_uri': 'https://x' } });
    const ids = allOf(page, /\sid="([^"]+)"/g);

    it('names and describes its controls by elements that are there', () => {
      expect(new Set(ids).size).toBe(ids.length);
      const references = [
        ...allOf(page, /\sfor="([^"]+)"/g),
        ...allOf(page, /aria-describedby="([^"]+)"/g).flatMap((list) => list.split(' ')),
      ];
      expect(references.length).toBeGreaterThan(0);
      expect(references.filter((id) => !ids.includes(id))).toEqual([]);
    });

    it('has a label for every control', () => {
      const controlsIn = allOf(page, /<(?:input|select|textarea) id="([^"]+)"(?![^>]*type="hidden")/g);
      const labelled = new Set(allOf(page, /<label[^>]*\sfor="([^"]+)"/g));
      expect(controlsIn.filter((id) => !labelled.has(id))).toEqual([]);
    });

    it('asks password managers to keep out of its secrets', () => {
      for (const input of allOf(page, /<input ([^>]*type="password"[^>]*)>/g)) {
        expect(input).toContain('autocomplete="new-password"');
        expect(input).not.toMatch(/\svalue=/);
      }
    });
  },
);
