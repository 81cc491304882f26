import { describe, expect, it } from 'vitest';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { controls, methods, single } from './support/samples.ts';

const form = (entries: Record<string, string | string[]>) =>
  new URLSearchParams(
    Object.entries(entries).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    ),
  );
const parse = (schema: JsonSchema, prefix: string, entries: Record<string, string | string[]>) =>
  parseForm(schema, form(entries), prefix);
const configOf = (entries: Record<string, string | string[]>) => parse(controls, 'config', entries).value;

describe('conditions', () => {
  it('drop what is hidden, with its errors', () => {
    expect(configOf({ 'config.proxy_url': 'http://p' })).not.toHaveProperty('proxy_url');
    expect(configOf({ 'config.proxy': 'true', 'config.proxy_url': 'http://p' }).proxy_url).toBe('http://p');
    const map = { type: 'object', 'x-visible-when': { field: 'on', equals: true } };
    const schema: JsonSchema = { type: 'object', properties: { on: { type: 'boolean' }, map } };
    expect(parse(schema, '', { map: '{' }).errors).toEqual({});
    expect(parse(schema, '', { on: 'true', map: '{' }).errors).toHaveProperty('map');
  });

  it('take the default of a choice that is left open', () => {
    const entries = { 'auth.~0.header': 'X-Key', 'auth.~0.parameter': 'key' };
    expect(parse(single, 'auth', entries).value).toEqual({ method: 'api_key', header: 'X-Key' });
    expect(parse(single, 'auth', { ...entries, 'auth.~0.place': 'query' }).value).toMatchObject({
      place: 'query',
      parameter: 'key',
    });
  });

  it('end when they go round in circles', () => {
    const when = (field: string) => ({ type: 'boolean', 'x-visible-when': { field, equals: true } });
    const circle: JsonSchema = { type: 'object', properties: { a: when('b'), b: when('a') } };
    expect(parse(circle, '', { a: 'true', b: 'true' }).errors).toEqual({});
  });
});

describe('optional groups', () => {
  const group: JsonSchema = {
    type: 'object',
    required: ['host'],
    properties: {
      host: { type: 'string' },
      port: { type: 'integer', default: 8080 },
      secure: { type: 'boolean', default: true },
    },
  };
  const schema: JsonSchema = { type: 'object', properties: { group } };

  it('are absent when only their defaults were sent', () => {
    expect(parse(schema, '', { 'group.host': '', 'group.port': '8080', 'group.secure': 'true' }).value).toEqual({});
  });

  it('are there as soon as something else was', () => {
    expect(parse(schema, '', { 'group.port': '9090', 'group.secure': 'true' }).value).toEqual({
      group: { port: 9090, secure: true },
    });
    expect(parse(schema, '', { 'group.host': 'a' }).value).toEqual({ group: { host: 'a', secure: false } });
  });

  it('stay as empty objects where they are required, so that their fields are asked for', () => {
    expect(parse({ ...schema, required: ['group'] }, '', { 'group.secure': 'true' }).value).toEqual({
      group: { secure: true },
    });
  });
});

describe('hostile forms', () => {
  it('cannot bring fields that the schema does not know', () => {
    const entries = {
      'config.extra': '1',
      tenantId: 'x',
      '__proto__.polluted': '1',
      'config.__proto__.polluted': '1',
      'config.constructor.prototype.polluted': '1',
    };
    expect(configOf(entries)).toEqual({ labels: [], proxy: false, debug: false });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('are told when a field comes twice', () => {
    expect(parse(controls, 'config', { 'config.contact': ['a', 'b'] }).errors).toEqual({
      'config.contact': ['This field was sent more than once. Enter it once.'],
    });
    expect(parse(methods, 'auth', { 'auth.method': ['none', 'oauth2'] }).errors).toEqual({
      'auth.method': ['This choice was sent more than once. Choose one.'],
    });
  });

  it('cannot set what the hub computes', () => {
    expect(configOf({ 'config.callback': 'https://evil.example' })).not.toHaveProperty('callback');
  });

  it('get nowhere with files', () => {
    const data = new FormData();
    data.set('config.contact', new File(['x'], 'x.txt'));
    expect(parseForm(controls, data, 'config').value).not.toHaveProperty('contact');
  });
});
