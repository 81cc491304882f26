import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import { controls, controlsValue, methods, single } from './support/samples.ts';
import { allFields, fieldNamed } from './support/submit.ts';

const config = { prefix: 'config', idPrefix: 'f' };
const auth = { prefix: 'auth', idPrefix: 'f' };

describe('every control', () => {
  const fields = formFields(controls, { ...config, value: controlsValue });

  it('gets the kind that its schema asks for, in order', () => {
    expect(fields.map(({ kind, label }) => `${label}: ${kind}`)).toEqual([
      'Site address: text',
      'Region: select',
      'Retries: number',
      'Ratio: number',
      'Contact: text',
      'Since: text',
      'Until: text',
      'Footer: textarea',
      'Labels: lines',
      'Ports: lines',
      'Events: checklist',
      'Rules: json',
      'Headers: json',
      'Use a proxy: checkbox',
      'Advanced: group',
    ]);
  });

  it('has a unique id, also with equal names in several variants', () => {
    const ids = allFields([...fields, ...formFields(methods, auth)]).flatMap((field) => [
      field.id,
      ...(field.kind === 'one-of' || field.kind === 'checklist' ? field.options.map(({ id }) => id) : []),
    ]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^f-[\w-]+$/);
  });

  it('is told to assistive technology with its help, warning and errors', () => {
    const errors = { 'config.footer': ['Too long.'], 'config.site_url': ['Wrong.'] };
    const told = formFields(controls, { ...config, errors });
    expect(fieldNamed(told, 'Footer', 'textarea').describedBy).toBe('f-config-footer--warning f-config-footer--error');
    expect(fieldNamed(told, 'Site address', 'text').describedBy).toBe(
      'f-config-site_url--help f-config-site_url--error',
    );
    expect(fieldNamed(told, 'Contact', 'text').describedBy).toBe('');
  });

  it('has a keyboard that fits', () => {
    expect(fieldNamed(fields, 'Site address', 'text').type).toBe('url');
    expect(fieldNamed(fields, 'Contact', 'text').type).toBe('email');
    expect(fieldNamed(fields, 'Since', 'text').type).toBe('date');
    expect(fieldNamed(fields, 'Until', 'text')).toMatchObject({
      type: 'datetime-local',
      value: '2026-11-30T14:30:00',
      help: 'The time is in UTC.',
    });
    expect(fieldNamed(fields, 'Retries', 'number').inputMode).toBe('numeric');
    expect(fieldNamed(fields, 'Ratio', 'number').inputMode).toBe('decimal');
  });

  it('stands beside its neighbour when both are short', () => {
    expect(fields.filter(({ half }) => half).map(({ label }) => label)).toEqual(['Region', 'Retries']);
    expect(fieldNamed(fields, 'Ratio', 'number').half).toBe(false);
  });

  it('links to help only by web addresses', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', 'x-help-url': 'javascript:alert(1)' } } };
    expect(formFields(schema, config)[0]?.helpUrl).toBe('');
    expect(fieldNamed(fields, 'Site address', 'text').helpUrl).toBe('https://example.com/help');
  });

  it('falls back to its key for a label', () => {
    expect(formFields({ type: 'object', properties: { a_b: { type: 'string' } } }, config)[0]?.label).toBe('a_b');
  });
});

describe('values', () => {
  it('start from the defaults in a new form', () => {
    const fields = formFields(controls, config);
    expect(fieldNamed(fields, 'Retries', 'number').value).toBe('3');
    expect(fieldNamed(formFields(single, auth), 'Place', 'select').options).toMatchObject([
      { value: '' },
      { value: 'header', chosen: true },
      {},
    ]);
  });

  it('do not get defaults later; those stand as hints', () => {
    const fields = formFields(controls, { ...config, value: {} });
    expect(fieldNamed(fields, 'Retries', 'number')).toMatchObject({ value: '', placeholder: '3' });
    const place = fieldNamed(formFields(single, { ...auth, value: { method: 'api_key' } }), 'Place', 'select');
    expect(place.options[0]).toMatchObject({ value: '', label: 'Default (header)', chosen: true });
  });

  it('show lists a line each, JSON as text, and choices by their names', () => {
    const fields = formFields(controls, { ...config, value: controlsValue });
    expect(fieldNamed(fields, 'Labels', 'lines').value).toBe("<i>\n&amp;\nit's 👩‍🚀");
    expect(JSON.parse(fieldNamed(fields, 'Rules', 'json').value)).toEqual(controlsValue.rules);
    expect(fieldNamed(fields, 'Region', 'select').options).toMatchObject([
      { label: 'Europe', chosen: false },
      { label: 'America', chosen: true },
    ]);
    expect(fieldNamed(fields, 'Events', 'checklist').options.map(({ label }) => label)).toEqual(['Pushes', 'Issues']);
  });

  it('ask to choose where a choice is required and none is made', () => {
    expect(fieldNamed(formFields(controls, config), 'Region', 'select').options[0]).toMatchObject({
      value: '',
      label: 'Choose…',
    });
  });

  it('with line breaks in a one-line field get a text area, so that nothing is lost', () => {
    expect(
      fieldNamed(formFields(controls, { ...config, value: { contact: 'a\nb' } }), 'Contact', 'textarea').value,
    ).toBe('a\nb');
  });

  it('say how JSON and lists are written', () => {
    const fields = formFields(controls, config);
    expect(fieldNamed(fields, 'Labels', 'lines').help).toBe('One per line.');
    expect(fieldNamed(fields, 'Rules', 'json').hint).toBe('Enter a JSON list, such as [{"path": "…"}].');
    expect(fieldNamed(fields, 'Headers', 'json').hint).toBe('Enter a JSON object, such as {"name": "value"}.');
  });
});
