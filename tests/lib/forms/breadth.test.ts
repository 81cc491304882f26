import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import { schemas } from '../../fixtures/schemas/index.ts';
import { hostile, sampleOf } from '../../fixtures/schemas/values.ts';
import { submit } from './support/submit.ts';

it('is about at least thirty schemas', () => {
  expect(Object.keys(schemas).length).toBeGreaterThanOrEqual(30);
  expect(JSON.stringify(sampleOf(schemas['a pipeline'] ?? {}, schemas['a pipeline'] ?? {}))).toContain(
    JSON.stringify(hostile).slice(1, -1),
  );
});

describe.each(Object.entries(schemas))('the form of %s', (_name, schema) => {
  const value = sampleOf(schema, schema) as Record<string, unknown>;

  it('gives back what it was given, without scripts', () => {
    const sent = submit(formFields(schema, { prefix: 'config', idPrefix: 'f', value }), {});
    expect(parseForm(schema, sent, 'config')).toMatchObject({ value, errors: {} });
    expect(parseForm(schema, sent, 'config').value).toEqual(value);
  });

  it('was given something that its schema allows', () => {
    const errors = compileSchema(schema)(value);
    expect(
      Object.values(errors)
        .flat()
        .filter((message) => message !== 'This field is required.'),
    ).toEqual([]);
  });
});
