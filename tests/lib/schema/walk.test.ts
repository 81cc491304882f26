import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import {
  defaultsOf,
  deleteAt,
  fieldAt,
  getAt,
  readonlyFields,
  secretFields,
  setAt,
  variantIndex,
} from '../../../src/lib/schema/walk.ts';
import { controls, methods, single } from '../forms/support/samples.ts';

describe('secretFields', () => {
  it('finds secrets in groups, stored or not', () => {
    expect(secretFields(controls, {})).toEqual(['tls.key']);
    expect(secretFields(controls, { tls: 'no group' })).toEqual(['tls.key']);
  });

  it('looks into the chosen variants only', () => {
    expect(secretFields(methods, { method: 'oauth2' })).toEqual(['client_secret']);
    expect(secretFields(methods, { method: 'signed', proof: { kind: 'key' } })).toEqual(['client_secret', 'proof.key']);
    expect(secretFields(methods, { method: 'signed', proof: { kind: 'name' } })).toEqual(['client_secret']);
    expect(secretFields(methods, { method: 'none' })).toEqual([]);
  });

  it.each([{}, { method: 'magic' }, { method: ['oauth2'] }, null, 'text', []])(
    'finds none where no variant is chosen: %j',
    (value) => {
      expect(secretFields(methods, value)).toEqual([]);
    },
  );
});

it('readonlyFields finds what the hub computes', () => {
  expect(readonlyFields(controls, {})).toEqual(['callback']);
  expect(readonlyFields(methods, { method: 'oauth2' })).toEqual(['redirect_uri']);
  expect(readonlyFields(methods, { method: 'none' })).toEqual([]);
});

it('variantIndex tells which variant the tag names', () => {
  expect(variantIndex(methods, { method: 'signed' })).toBe(1);
  expect(variantIndex(methods, { method: 'magic' })).toBe(-1);
  expect(variantIndex(methods, Object.create({ method: 'signed' }))).toBe(-1);
  expect(variantIndex(controls, { method: 'signed' })).toBe(-1);
});

describe('fieldAt', () => {
  it('follows groups, lists and variants', () => {
    expect(fieldAt(controls, {}, 'tls.name')?.title).toBe('Server name');
    expect(fieldAt(controls, { rules: [{}] }, 'rules.0.path')?.title).toBe('Path');
    expect(fieldAt(methods, { method: 'signed', proof: { kind: 'name' } }, 'proof.name')?.title).toBe('Name');
  });

  it.each(['nothing', 'tls.nothing', 'tls.name.deeper', '__proto__', 'constructor.prototype', 'toString'])(
    'finds nothing at %s',
    (path) => {
      expect(fieldAt(controls, {}, path)).toBeUndefined();
    },
  );

  it('finds nothing in variants that are not chosen', () => {
    expect(fieldAt(methods, { method: 'none' }, 'client_id')).toBeUndefined();
  });
});

describe('getAt, setAt and deleteAt', () => {
  it('reach nested places and make the way', () => {
    const value: Record<string, unknown> = {};
    setAt(value, 'a.b.c', 1);
    setAt(value, 'a.d', [{ e: 2 }]);
    expect(getAt(value, 'a.b.c')).toBe(1);
    expect(getAt(value, 'a.d.0.e')).toBe(2);
    deleteAt(value, 'a.b.c');
    deleteAt(value, 'a.nothing.here');
    expect(value).toEqual({ a: { b: {}, d: [{ e: 2 }] } });
  });

  it.each(['__proto__.polluted', 'constructor.prototype.polluted', 'a.__proto__.polluted', '__proto__'])(
    'never reach a prototype by %s',
    (path) => {
      const value: Record<string, unknown> = { a: {} };
      setAt(value, path, 'bad');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(value).toEqual({ a: {} });
      expect(getAt(value, path)).toBeUndefined();
      deleteAt(value, path);
      expect(Object.prototype).toHaveProperty('toString');
    },
  );

  it('see own properties only', () => {
    expect(getAt({}, 'toString')).toBeUndefined();
    expect(getAt(Object.create({ a: 1 }), 'a')).toBeUndefined();
    expect(getAt('text', 'length')).toBeUndefined();
    expect(getAt(null, 'a')).toBeUndefined();
  });
});

describe('defaultsOf', () => {
  it('collects defaults and leaves optional groups out', () => {
    expect(defaultsOf(controls)).toEqual({ retries: 3, debug: false });
  });

  it('starts a choice with its first variant', () => {
    expect(defaultsOf(methods)).toEqual({ method: 'oauth2' });
    expect(defaultsOf(single)).toEqual({ method: 'api_key', place: 'header' });
    expect(defaultsOf({ ...methods, default: { method: 'none' } })).toEqual({ method: 'none' });
  });

  it('hands out copies', () => {
    const list = { type: 'array', items: { type: 'string' }, default: ['a'] };
    const schema = { type: 'object', properties: { list } };
    (defaultsOf(schema).list as string[]).push('b');
    expect(defaultsOf(schema)).toEqual({ list: ['a'] });
    expect(compileSchema(schema)(defaultsOf(schema))).toEqual({});
  });
});
