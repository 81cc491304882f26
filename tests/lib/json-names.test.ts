import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repeatedName } from '../../src/lib/json-names.ts';

const inText = (text: string) => repeatedName(text, JSON.parse(text));

it.each([
  ['{"model":"a","model":"b"}', 'model'],
  ['{"model":"a","\\u006dodel":"b"}', 'model'],
  ['{"a":{"stream_options":{"x":1, "x" \n : 2}}}', 'x'],
  ['[{"a":1},{"b":[{"c":{},"d":1,"c":{}}]}]', 'c'],
  ['{"a\\\\":1,"a\\"":2,"a\\\\":3}', 'a\\'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['{"":1,"":2}', ''],
  ['{"model":"a","messages":["model",":","\\"model\\":"],"b":{"model":1}}', null],
  ['{"a":"{\\"x\\":1,\\"x\\":2}","b":"\\\\"}', null],
  ['"text"', null],
])('tells of %s that %j stands twice', (text, name) => {
  expect(inText(text)).toBe(name);
});

it('finds a name that was put in twice, and none where none was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(0, 1, '\t'),
      fc.nat(),
      (value, space, at) => {
        const text = JSON.stringify(value, null, space);
        expect(inText(text)).toBeNull();
        const names = Object.keys(JSON.parse(text));
        const again = names[at % names.length];
        if (again === undefined) return;
        const escaped = `"${[...again].map((sign) => (sign.length > 1 ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)).join('')}"`;
        expect(inText(`${text.trimEnd().slice(0, -1)},${escaped}: 1}`)).toBe(again);
      },
    ),
  );
});

it('is not held up by what is long or deep', () => {
  const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)},"b":"${'\\\\'.repeat(500_000)}"}`;
  expect(inText(deep)).toBeNull();
  expect(inText(`${deep.slice(0, -1)},"b":1}`)).toBe('b');
});
