import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBelow } from '../../src/lib/address-below.ts';
import { addressFor, parseAddress } from '../../src/lib/declarative/addresses.ts';
import { parsePath, valueAt } from '../../src/lib/declarative/paths.ts';
import { fill, fillPath, fillText, fillTree, parseTemplate, parseTree } from '../../src/lib/declarative/templates.ts';
import { whyNotPlain } from '../../src/lib/schema/plain-patterns.ts';

const input = (values: unknown) => ({ input: values });

describe('templates', () => {
  it.each<[text: string, values: object, value: unknown]>([
    ['{input.a}', { a: 7 }, 7],
    ['{input.a}', { a: ['x', 'y'] }, ['x', 'y']],
    ['{input.a}', {}, undefined],
    ['{input.a}', { a: null }, undefined],
    ['n {input.a}', {}, 'n '],
    ['{input.a|input.b}', { b: false }, false],
    ['{input.a.b}', { a: { b: 'deep' } }, 'deep'],
    ['{{{input.a}}}', { a: 'x' }, '{x}'],
    ['{input.a}, {input.b}', { a: [1, 2], b: { c: 1 } }, '1,2, {"c":1}'],
    ['{input.a}', Object.create({ a: 'inherited' }), undefined],
    ['{input.length}', [1, 2], 2],
    ['{input.a}', { a: '{input.b}', b: 'not again' }, '{input.b}'],
  ])('%s with %j', (text, values, value) => {
    expect(fill(parseTemplate(text), input(values))).toEqual(value);
  });

  it.each([
    '{',
    '}',
    'a } b',
    '{}',
    '{input}',
    '{input.}',
    '{input..a}',
    '{input.a b}',
    '{input.a()}',
    '{input.constructor}',
  ])('refuses %s', (text) => expect(() => parseTemplate(text)).toThrow(/write/));

  it('leaves members and entries without a value out of trees', () => {
    const tree = parseTree(
      { a: '{input.a}', list: ['{input.b}', 'c', 1, null], in: { d: '{input.d}' } },
      parseTemplate,
    );
    expect(fillTree(tree, input({ b: true }))).toEqual({ list: [true, 'c', 1, null], in: {} });
  });

  it('keeps a name of a prototype what it is in a body: a name', () => {
    const tree = parseTree(JSON.parse('{"__proto__": "{input.a}"}'), parseTemplate);
    const filled = fillTree(tree, input({ a: 'x' })) as object;
    expect(Object.getPrototypeOf(filled)).toBe(Object.prototype);
    expect(JSON.stringify(filled)).toBe('{"__proto__":"x"}');
  });
});

describe('no value leads out of the base', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '..',
      '.',
      '../..',
      '%2e%2e',
      '..%2f..',
      '%252e%252e%252f',
      '..;a',
      '//other.example',
      '\\\\other.example',
      '?x#y',
      '@other.example',
      ' ..',
      '\u0000',
      '。。',
      '%c0%ae%c0%ae/',
    ),
    fc
      .array(fc.constantFrom('.', '/', '%', '2e', '2f', '5c', '\\', ';', '?', '#', '@', ':', 'a', '\t', '\n'), {
        maxLength: 12,
      })
      .map((parts) => parts.join('')),
  );

  it.each(['/tickets/{input.a}', '/{input.a}', '/x{input.a}/y/{input.b}', '/{input.a}{input.b}'])('%s', (text) => {
    const template = parseTemplate(text);
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        let path: string;
        try {
          path = fillPath(template, input({ a, b }));
        } catch {
          return; // an empty part
        }
        const url = addressBelow('https://api.example.com/v1', path);
        if (!url) return; // refused
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname.startsWith('/v1/')).toBe(true);
        expect(url.search + url.hash + url.username).toBe('');
        const parts = text.split('/').length + 1;
        expect(url.pathname.split('/')).toHaveLength(parts);
        for (const part of url.pathname.split('/')) expect(['.', '..']).not.toContain(decodeURIComponent(part));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'https://{config.a}.example.com/v1',
    'https://api.{config.a}.example.com:8443',
    'https://api.example.com/{config.a}/v1',
  ])('%s', (text) => {
    const address = parseAddress(text);
    fc.assert(
      fc.property(fc.oneof(hostile, fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/)), (a) => {
        const made = addressFor(address, { a });
        if (!made) return;
        const url = new URL(made);
        expect(url.hostname.endsWith('.example.com')).toBe(true);
        expect(url.protocol + url.username + url.search + url.hash).toBe('https:');
        expect(url.port).toBe(text.includes('8443') ? '8443' : '');
      }),
      { numRuns: 2_000 },
    );
  });

  it('makes an address of ordinary values, so that the above is about something', () => {
    expect(fillPath(parseTemplate('/t/{input.a}'), input({ a: 'a/b?ü' }))).toBe('/t/a%2Fb%3F%C3%BC');
    expect(addressFor(parseAddress('https://{config.a}.example.com/v1/'), { a: 'eu-1' })).toBe(
      'https://eu-1.example.com/v1',
    );
    expect(addressFor(parseAddress('{config.a}/api/{config.b}'), { a: 'http://10.0.0.7:81/x/', b: 'y z' })).toBe(
      'http://10.0.0.7:81/x/api/y%20z',
    );
    expect(addressFor(parseAddress('{config.a}'), { a: 'ftp://example.com' })).toBe('');
  });

  it.each([
    '',
    'example.com',
    'ftp://a.example',
    'https://',
    'https://a..example',
    'https://a:b@c.example',
    'https://a.example?x',
    'https://a b.example',
    'https://{input.a}.example.com',
    'https://{config.a}',
    'https://a.example:99999',
  ])('takes %j for no address', (text) => expect(() => parseAddress(text)).toThrow());
});

it('finds what stands at a path, own members only', () => {
  const value = { data: [{ 'a.b': 1, 'c/d': 2 }], '': 3 };
  const at = (text: string) => valueAt(value, parsePath(text) ?? ['nowhere']);
  expect([
    at('data.0'),
    at('/data/0/a.b'),
    at('/data/0/c~1d'),
    at(''),
    at('data.length'),
    at('toString'),
    at('data.9.x'),
  ]).toEqual([value.data[0], 1, 2, value, 1, undefined, undefined]);
  expect(['a..b', 'a.__proto__', '/constructor', 'a.'.repeat(20)].map(parsePath)).toEqual([null, null, null, null]);
  expect(fillText(parseTemplate('{answer.data.0.a}'), { answer: { data: [{ a: 0 }] } })).toBe('0');
});

describe('plain patterns', () => {
  it.each([
    '^[a-z][a-z0-9-]{0,31}$',
    '^tk_[a-z0-9]{8,64}$',
    '^\\d+$',
    '^[^\\]()|]*$',
    '^\\(a\\)$',
    '^[A-Z]{3}-\\d{4}-?[a-z]?$',
  ])('are quick on every text: %s', (pattern) => {
    expect(whyNotPlain(pattern)).toBeNull();
    const regex = new RegExp(pattern, 'u');
    for (const run of ['a', '0', '-', 'tk_a', 'A', ')'])
      for (const end of ['', '\u0001']) {
        const before = performance.now();
        regex.test(run.repeat(4_096) + end);
        expect(performance.now() - before).toBeLessThan(1_000);
      }
  });

  it.each([
    '[a-z]+',
    '^a',
    '^(a|b)$',
    '^(a+)+$',
    '^a|b$',
    '^a*b*$',
    '^a+\\1$',
    '^(?=a)$',
    '^[a-$',
    `^${'a?'.repeat(30)}$`,
    '^a{0,200}a{0,200}$',
    '^a{2,}a{2,}$',
  ])('are not %s', (pattern) => expect(whyNotPlain(pattern)).toEqual(expect.any(String)));

  it('may repeat more in a short field', () => expect(whyNotPlain('^[a-z]*-[0-9]*$', 100)).toBeNull());
});
