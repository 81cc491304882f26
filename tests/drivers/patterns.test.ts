import { describe, expect, it } from 'vitest';
import { address, privateKey } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { compileSchema } from '../../src/lib/schema/compile.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';

const drivers = await loadDrivers();
const schemas = [...drivers.values()].flatMap(({ entry }) => [entry.configSchema, entry.authSchema]);
const patterns = [...new Set(schemas.flatMap((schema) => patternsIn(schema)))];

function patternsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'pattern' in schema && typeof schema.pattern === 'string' ? [schema.pattern] : [];
  return [...own, ...Object.values(schema).flatMap(patternsIn)];
}

/** What makes a careless pattern go back and forth: long runs of the same, then something that does not fit. */
const runs = ['a', 'A', '0', '-', '.', ':', '/', ' ', 'a0', 'a.', 'a-', '1.', 'xxxx ', 'a b ', '\n', '\t', 'é'];
const starts = [
  '',
  'https://a',
  'https://a/',
  'sk-',
  'ghp_',
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN PRIVATE KEY-----',
];

it.each(patterns)('%s takes no time on a text of 100,000 characters', (pattern) => {
  const regex = new RegExp(pattern, 'u');
  for (const start of starts)
    for (const run of runs) {
      const text = start + run.repeat(100_000 / run.length);
      const before = performance.now();
      regex.test(text);
      regex.test(`${text}\u0001`);
      expect(performance.now() - before, `${start}${run}…`).toBeLessThan(250);
    }
});

describe('addresses', () => {
  const problems = (text: string, schema: JsonSchema = address({}, { http: true })) => compileSchema(schema)(text)[''];

  it.each([
    'https://example.com',
    'https://example.com/',
    'http://localhost:8080/wp',
    'https://example.com:65535/a/b.c~d-e_f',
    'https://[2001:db8::7]:8443/v1',
    'HTTPS://example.com'.toLowerCase(),
  ])('takes %s', (text) => {
    expect(problems(text)).toBeUndefined();
    expect(URL.parse(text)).not.toBeNull();
  });

  it.each([
    'example.com',
    '//example.com',
    'ftp://example.com',
    'https://',
    'https://:443',
    'https:///path',
    'https://example.com:0',
    'https://example.com:65536',
    'https://example.com:',
    'https://ada@example.com',
    'https://ada:secret@example.com',
    'https://example.com?x=1',
    'https://example.com/#top',
    'https://exa mple.com',
    'https://example.com\\@other.example',
    'https://example.com/\n',
    'https://ex%41mple.com',
    'https://[::1',
    'javascript:alert(1)',
    ' https://example.com',
  ])('refuses %j', (text) => {
    expect(problems(text)).toHaveLength(1);
  });

  it('refuses plain http unless it is allowed', () => {
    expect(problems('http://example.com', address({}))).toEqual([
      'Must be a full address that starts with https://, without user name, query or fragment.',
    ]);
  });
});

it.each([
  ['PRIVATE KEY', true],
  ['RSA PRIVATE KEY', true],
  ['EC PRIVATE KEY', true],
  ['ENCRYPTED PRIVATE KEY', false],
  ['PUBLIC KEY', false],
  ['CERTIFICATE', false],
])('as a private key %s is taken: %s', (label, fits) => {
  const text = `-----BEGIN ${label}-----\r\nTm90IGEgcmVhbCBvbmU=\r\n-----END ${label}-----\r\n`;
  expect(Object.keys(compileSchema(privateKey({}))(text)).length === 0).toBe(fits);
});

it.each([
  ['db.example.com', true],
  ['localhost', true],
  ['db_1', true],
  ['10.0.0.7', true],
  ['2001:db8::7', true],
  ['::1', true],
  ['::ffff:10.0.0.7', true],
  ['db.example.com:5432', false],
  ['[::1]', false],
  ['-db', false],
  ['db.', false],
  ['user@db', false],
  ['/var/run/postgresql', false],
  ['db example', false],
])('as a database host %s is taken: %s', (host, fits) => {
  const schema = drivers.get('postgresql')?.entry.configSchema.properties?.host as JsonSchema;
  expect(Object.keys(compileSchema(schema)(host)).length === 0).toBe(fits);
});
