type Make = (index: number) => unknown;

const names = (count: number) => Array.from({ length: count }, (_, index) => `name_${index}`);
const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: depth }).reduce<unknown>((inner) => wrap(inner), { type: 'string' });
const inProperty = (schema: unknown) => ({ type: 'object', properties: { field: schema } });
const string = { type: 'string' };

/** Each kind of schema that hurts a compiler, its patterns or those who read it, in sizes that grow with the index. */
const kinds: Make[] = [
  (index) => nested(7 + index * 20, (inner) => ({ type: 'array', items: inner })),
  (index) => nested(7 + index * 10, (inner) => ({ type: 'object', properties: { a: inner } })),
  (index) => inProperty({ enum: names(201 + index * 50) }),
  (index) => ({
    type: 'object',
    properties: Object.fromEntries(names(101 + index * 20).map((name) => [name, string])),
  }),
  (index) => nested(3 + (index % 3), (inner) => ({ oneOf: [inner, inner, inner, inner] })),
  (index) => ({ anyOf: names(9 + index).map((name) => ({ const: name })) }),
  (index) => ({ $ref: '#', title: `${index}` }),
  (index) => ({ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a', title: `${index}` } } }),
  (index) => inProperty({ $ref: `https://example.com/${index}.json` }),
  (index) => inProperty({ $ref: `#/$defs/missing_${index}` }),
  (index) => inProperty({ type: 'string', pattern: { $data: `1/pattern_${index}` } }),
  (index) => inProperty({ type: 'string', maxLength: { $data: `${index}/field` } }),
  (index) => inProperty({ type: 'string', pattern: `^(?=a{${index}})a+$` }),
  (index) => inProperty({ type: 'string', pattern: `^(a+)\\1{${index}}$` }),
  (index) => inProperty({ type: 'string', pattern: `(${'a|'.repeat(130 + index)}b)` }),
  (index) => inProperty({ type: 'string', pattern: `((a{100}){100}){${100 + index}}` }),
  (index) => inProperty({ type: 'array', uniqueItems: true, maxItems: 201 + index }),
  () => JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
  () => inProperty({ properties: { constructor: { properties: { prototype: string } } } }),
  (index) => inProperty({ links: [{ href: `javascript:alert(${index})` }] }),
  (index) => inProperty({ options: { infoText: `<img src=x onerror=alert(${index})>` } }),
  (index) => inProperty({ template: `{{${index}}}`, headerTemplate: '{{self}}' }),
  (index) => ({ $id: `https://example.com/${index}`, $dynamicRef: '#a' }),
  (index) => inProperty({ type: 'string', description: 'x'.repeat(70_000 + index) }),
  (index) => inProperty({ type: `no-type-${index}` }),
];

const broken = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '7',
  `${'['.repeat(30_000)}`,
  `${'{"a":'.repeat(10_000)}`,
  '{"a":1,}',
  '\u0000',
];

/** So many hostile schemas as JSON texts, the same ones each time. */
export function hostileSchemas(count: number): string[] {
  const made = Array.from({ length: count - broken.length }, (_, index) =>
    JSON.stringify(kinds[index % kinds.length]?.(Math.floor(index / kinds.length))),
  );
  return [...broken, ...made];
}
