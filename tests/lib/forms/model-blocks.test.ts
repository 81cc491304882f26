import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { controls, methods, single } from './support/samples.ts';
import { allFields, fieldNamed } from './support/submit.ts';

const config = { prefix: 'config', idPrefix: 'f' };
const auth = { prefix: 'auth', idPrefix: 'f' };

describe('a choice of variants', () => {
  it('offers the first one first', () => {
    const picker = fieldNamed(formFields(methods, auth), 'Method', 'one-of');
    expect(picker.name).toBe('auth.method');
    expect(picker.options.map(({ value, label, chosen, shows }) => [value, label, chosen, shows])).toEqual([
      ['oauth2', 'App', true, '1'],
      ['signed', 'Signed', false, '2'],
      ['none', 'None', false, '3'],
    ]);
    expect(picker.variants.map(({ token, help }) => [token, help])).toEqual([
      ['1', 'An app of your own.'],
      ['2', ''],
      ['3', ''],
    ]);
  });

  it('shows the stored one, before the default and the first', () => {
    const chosen = (more: object, schema = methods) =>
      fieldNamed(formFields(schema, { ...auth, ...more }), 'Method', 'one-of').options.findIndex(
        (option) => option.chosen,
      );
    expect(chosen({ value: { method: 'none' } })).toBe(2);
    expect(chosen({}, { ...methods, default: { method: 'signed' } })).toBe(1);
    expect(chosen({ value: { method: 'none' }, rawValues: { 'auth.method': ['signed'] } })).toBe(1);
    expect(chosen({ value: { method: 'magic' } })).toBe(0);
  });

  it('keeps the names of its variants apart', () => {
    const names = allFields(formFields(methods, auth))
      .filter(({ label }) => label === 'Client ID')
      .map(({ name }) => name);
    expect(names).toEqual(['auth.~0.client_id', 'auth.~1.client_id']);
  });

  it('shows errors in the chosen variant only, and its own beside the picker', () => {
    const errors = { 'auth.client_id': ['Bad.'], 'auth.method': ['Choose.'] };
    const picker = fieldNamed(
      formFields(methods, { ...auth, value: { method: 'signed' }, errors }),
      'Method',
      'one-of',
    );
    expect(picker.errors).toEqual(['Choose.']);
    expect(picker.variants.map(({ fields }) => fields.find(({ path }) => path === 'auth.client_id')?.errors)).toEqual([
      [],
      ['Bad.'],
      undefined,
    ]);
  });

  it('inside a field takes that field’s title', () => {
    expect(fieldNamed(formFields(methods, auth), 'Proof', 'one-of').name).toBe('auth.~1.proof.kind');
  });

  it('needs no picker when there is only one', () => {
    const [tag, ...rest] = formFields(single, auth);
    expect(tag).toMatchObject({ kind: 'hidden', name: 'auth.method', value: 'api_key' });
    expect(rest.map(({ label }) => label)).toEqual(['API key', 'Place']);
  });
});

describe('conditions', () => {
  it('put a field below its control', () => {
    const place = fieldNamed(formFields(single, auth), 'Place', 'select');
    expect(place.dependents.map(({ token, fields }) => [token, fields.map(({ label }) => label)])).toEqual([
      ['1', ['Header']],
      ['2', ['Parameter']],
    ]);
    expect(place.options.map(({ value, shows }) => [value, shows])).toEqual([
      ['', '1'],
      ['header', '1'],
      ['query', '2'],
    ]);
    expect(place.half).toBe(false);
  });

  it('work with boxes, ticked or not', () => {
    const proxy = fieldNamed(formFields(controls, config), 'Use a proxy', 'checkbox');
    expect(proxy).toMatchObject({ shows: '1', hides: '' });
    expect(proxy.dependents[0]?.fields[0]?.label).toBe('Proxy address');
    const off: JsonSchema = {
      type: 'object',
      properties: {
        on: { type: 'boolean' },
        why: { type: 'string', 'x-visible-when': { field: 'on', equals: false } },
      },
    };
    expect(formFields(off, config)).toMatchObject([{ shows: '', hides: '1' }]);
  });

  it('chain', () => {
    const when = (field: string) => ({ type: 'boolean', 'x-visible-when': { field, equals: true } });
    const chain: JsonSchema = { type: 'object', properties: { a: { type: 'boolean' }, b: when('a'), c: when('b') } };
    const [a] = formFields(chain, config);
    expect(a?.dependents[0]?.fields[0]?.dependents[0]?.fields[0]?.name).toBe('config.c');
  });
});

describe('groups', () => {
  const advanced = (more: object) => fieldNamed(formFields(controls, { ...config, ...more }), 'Advanced', 'group');

  it('hold nested objects and what shares a heading', () => {
    expect(advanced({}).fields.map(({ label }) => label)).toEqual(['TLS', 'Debug']);
    expect(fieldNamed(formFields(controls, config), 'TLS', 'group')).toMatchObject({
      folds: false,
      path: 'config.tls',
    });
  });

  it('fold the advanced ones until something is set or wrong in them', () => {
    expect(advanced({})).toMatchObject({ folds: true, open: false });
    expect(advanced({ value: { debug: false, tls: {} } }).open).toBe(false);
    expect(advanced({ value: { debug: true } }).open).toBe(true);
    expect(advanced({ value: { tls: { name: 'x' } } }).open).toBe(true);
    expect(advanced({ errors: { 'config.tls.name': ['Bad.'] } }).open).toBe(true);
    expect(advanced({ value: {}, saved: new Set(['config.tls.key']) }).open).toBe(true);
  });
});
