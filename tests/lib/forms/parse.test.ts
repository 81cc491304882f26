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

describe('controls', () => {
  it.each([
    ['12', 12],
    [' -0.5 ', -0.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['007', 7],
    ['12a', '12a'],
    ['0x10', '0x10'],
    ['1,5', '1,5'],
    ['Infinity', 'Infinity'],
    ['1e999', '1e999'],
    ['12345678901234567890', '12345678901234567890'],
  ])('read the number %j', (typed, value) => {
    expect(configOf({ 'config.ratio': typed }).ratio).toBe(value);
  });

  it('leave blanks out', () => {
    const blanks = {
      site_url: '',
      region: '',
      retries: ' ',
      contact: '  ',
      until: '',
      footer: '\r\n',
      rules: ' ',
      headers: '',
    };
    const entries = Object.fromEntries(Object.entries(blanks).map(([key, value]) => [`config.${key}`, value]));
    expect(configOf(entries)).toEqual({ labels: [], proxy: false, tls: undefined, debug: false });
  });

  it('trim what is one line and keep longer texts as they are', () => {
    expect(configOf({ 'config.site_url': ' https://a.example ', 'config.footer': ' a ' })).toMatchObject({
      site_url: 'https://a.example',
      footer: ' a ',
    });
    const host: JsonSchema = { type: 'object', properties: { host: { type: 'string' } } };
    expect(parseForm(host, new URLSearchParams({ host: ' db.example ' }), '').value).toEqual({ host: 'db.example' });
    expect(parseForm(host, new URLSearchParams({ host: ' a\nb ' }), '').value).toEqual({ host: ' a\nb ' });
  });

  it('read line ends as HTML sends them', () => {
    expect(configOf({ 'config.footer': 'a\r\nb\rc\nd' }).footer).toBe('a\nb\nc\nd');
  });

  it('read lists, one entry a line', () => {
    expect(configOf({ 'config.labels': ' a \r\n\r\nb\r\n', 'config.ports': '80\nx' })).toMatchObject({
      labels: ['a', 'b'],
      ports: [80, 'x'],
    });
  });

  it('read boxes and their absence', () => {
    expect(configOf({ 'config.debug': 'true', 'config.events': ['push', 'push', 'magic'] })).toMatchObject({
      debug: true,
      proxy: false,
      events: ['push', 'magic'],
    });
    expect(configOf({})).not.toHaveProperty('events');
  });

  it('overrule a default list by an empty one', () => {
    const list = { type: 'array', items: { type: 'string', enum: ['a'] }, default: ['a'] };
    const lines = { type: 'array', items: { type: 'string' }, default: ['a'] };
    expect(parse({ type: 'object', properties: { list, lines } }, '', {}).value).toEqual({ list: [], lines: [] });
  });

  it.each([
    ['2026-11-30T14:30', '2026-11-30T14:30:00Z'],
    ['2026-11-30T14:30:15', '2026-11-30T14:30:15Z'],
    ['2026-11-30T14:30:15.5', '2026-11-30T14:30:15.500Z'],
    ['2026-11-30T14:30:00+02:00', '2026-11-30T12:30:00Z'],
    ['2026-13-45T99:99', '2026-13-45T99:99'],
    ['tomorrow', 'tomorrow'],
  ])('read the time %j as UTC', (typed, value) => {
    expect(configOf({ 'config.until': typed }).until).toBe(value);
  });

  it('give a choice the type it has in the schema', () => {
    const schema = { type: 'object', properties: { size: { type: 'integer', enum: [1, 2] } } };
    expect(parse(schema, '', { size: '2' }).value).toEqual({ size: 2 });
    expect(parse(schema, '', { size: '3' }).value).toEqual({ size: '3' });
  });
});

describe('JSON', () => {
  it('that says a name twice is told, not tidied away', () => {
    const { value, errors } = parse(controls, 'config', { 'config.headers': '{"X-A": "1", "X-A": "2"}' });
    expect(errors).toEqual({ 'config.headers': ['“X-A” stands here twice. Name each entry once.'] });
    expect(value).not.toHaveProperty('headers');
  });

  it.each([
    ['{"a": 1,}', 'Check line 1, position 9.'],
    ['{"a":\n  wrong}', 'Check line 2, position 3.'],
    ['[1, 2', 'It ends too early: check that every bracket and quote is closed.'],
    ['{"a": "unclosed}', 'Check line 1, position 7.'],
    ['{} {}', 'Check line 1, position 4.'],
  ])('that does not parse names the place: %j', (typed, place) => {
    const { value, errors, rawValues } = parse(controls, 'config', { 'config.headers': typed });
    expect(errors).toEqual({ 'config.headers': [`This is not valid JSON. ${place}`] });
    expect(value).not.toHaveProperty('headers');
    expect(rawValues['config.headers']).toEqual([typed]);
  });

  it('reaches no prototype', () => {
    const { value } = parse(controls, 'config', { 'config.headers': '{"__proto__": {"polluted": 1}, "a": "b"}' });
    expect(value.headers).toEqual({ a: 'b' });
    expect(Object.getPrototypeOf(value.headers)).toBe(Object.prototype);
  });
});

describe('secrets', () => {
  it('left blank are absent, so that they are kept', () => {
    expect(configOf({ 'config.tls.key': '' })).not.toHaveProperty('tls');
    expect(configOf({ 'config.tls.name': 'x', 'config.tls.key': '' }).tls).toEqual({ name: 'x' });
  });

  it('marked for removal are null, unless a new one is typed', () => {
    expect(configOf({ 'config.tls.key': '', 'config.tls.key.~clear': 'true' }).tls).toEqual({ key: null });
    expect(configOf({ 'config.tls.key': 'new', 'config.tls.key.~clear': 'true' }).tls).toEqual({ key: 'new' });
  });

  it('are taken exactly', () => {
    expect(
      parse(methods, 'auth', { 'auth.method': 'oauth2', 'auth.~0.client_secret': ' p<a>ss&amp; ' }).value.client_secret,
    ).toBe(' p<a>ss&amp; ');
  });

  it('are not among what is shown again', () => {
    const { rawValues } = parse(methods, 'auth', {
      'auth.method': 'oauth2',
      'auth.~0.client_secret': 'canary',
      'auth.~1.client_secret': 'canary',
      'auth.~1.proof.~0.key': 'canary',
    });
    expect(JSON.stringify(rawValues)).not.toContain('canary');
    expect(rawValues).toEqual({ 'auth.method': ['oauth2'] });
  });
});

describe('variants', () => {
  const entries = {
    'auth.method': 'signed',
    'auth.~0.client_id': 'one',
    'auth.~1.client_id': 'two',
    'auth.~1.proof.kind': 'name',
    'auth.~1.proof.~1.name': 'Ada',
  };

  it('give the chosen fields only', () => {
    expect(parse(methods, 'auth', entries).value).toEqual({
      method: 'signed',
      client_id: 'two',
      proof: { kind: 'name', name: 'Ada' },
    });
  });

  it('keep what was typed in the others for showing it again', () => {
    expect(parse(methods, 'auth', entries).rawValues['auth.~0.client_id']).toEqual(['one']);
  });

  it('leave an unknown or missing choice to the validator', () => {
    expect(parse(methods, 'auth', { 'auth.method': 'magic' }).value).toEqual({ method: 'magic' });
    expect(parse(methods, 'auth', {}).value).toEqual({});
  });

  it('need no choice when there is only one', () => {
    expect(parse(single, 'auth', { 'auth.~0.api_key': 'k' }).value).toEqual({ method: 'api_key', api_key: 'k' });
  });
});
