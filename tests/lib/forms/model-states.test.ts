import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import { controls, controlsValue, methods } from './support/samples.ts';
import { allFields, fieldNamed } from './support/submit.ts';

const config = { prefix: 'config', idPrefix: 'f' };
const auth = { prefix: 'auth', idPrefix: 'f' };

describe('secrets', () => {
  const value = { method: 'oauth2', client_id: 'abcd', client_secret: 'canary-4711' };
  const saved = new Set(['auth.client_secret', 'config.tls.key']);

  it('are never in the form, wherever they come from', () => {
    const rawValues = { 'auth.method': ['oauth2'], 'auth.~0.client_secret': ['canary-4711'] };
    expect(JSON.stringify(formFields(methods, { ...auth, value, rawValues, saved }))).not.toContain('canary');
    const stored = { ...controlsValue, tls: { key: 'canary-4711' } };
    expect(JSON.stringify(formFields(controls, { ...config, value: stored, saved }))).not.toContain('canary');
  });

  it('that are stored need not be entered again', () => {
    expect(fieldNamed(formFields(methods, { ...auth, value, saved }), 'Client secret', 'password')).toMatchObject({
      required: false,
      saved: true,
      placeholder: '••••••••••••••••',
      help: 'Leave blank to keep the saved value.',
      clearName: '',
    });
  });

  it('that are stored and optional can be removed', () => {
    const key = fieldNamed(formFields(controls, { ...config, value: {}, saved }), 'Key', 'textarea');
    expect(key).toMatchObject({ secret: true, saved: true, clearName: 'config.tls.key.~clear', clearChosen: false });
  });

  it('that are not stored are asked for', () => {
    const field = fieldNamed(formFields(methods, { ...auth, value }), 'Client secret', 'password');
    expect(field).toMatchObject({ required: true, saved: false, placeholder: '', clearName: '' });
  });

  it('are saved in the chosen variant only', () => {
    const [app, signed] = fieldNamed(formFields(methods, { ...auth, value, saved }), 'Method', 'one-of').variants;
    expect(fieldNamed(app?.fields ?? [], 'Client secret', 'password').saved).toBe(true);
    expect(fieldNamed(signed?.fields ?? [], 'Client secret', 'password').saved).toBe(false);
  });
});

describe('computed fields', () => {
  it('show what the hub computed', () => {
    const fields = formFields(controls, { ...config, computed: { 'config.callback': 'https://hub.example.com/cb' } });
    expect(fieldNamed(fields, 'Callback', 'computed')).toMatchObject({
      value: 'https://hub.example.com/cb',
      required: false,
    });
  });

  it('stay away while there is nothing to show', () => {
    expect(allFields(formFields(controls, config)).some(({ kind }) => kind === 'computed')).toBe(false);
  });
});

describe('a refused form', () => {
  const rawValues = {
    'config.retries': ['many'],
    'config.headers': ['{"a":'],
    'config.region': ['us'],
    'config.events': ['issue'],
  };
  const fields = formFields(controls, { ...config, value: {}, rawValues });

  it('shows what was typed, right or wrong', () => {
    expect(fieldNamed(fields, 'Retries', 'number').value).toBe('many');
    expect(fieldNamed(fields, 'Headers', 'json').value).toBe('{"a":');
    expect(fieldNamed(fields, 'Region', 'select').options.find(({ chosen }) => chosen)?.value).toBe('us');
    expect(fieldNamed(fields, 'Events', 'checklist').options.map(({ chosen }) => chosen)).toEqual([false, true]);
    expect(fieldNamed(fields, 'Use a proxy', 'checkbox').checked).toBe(false);
  });

  it('tells errors of entries at their list', () => {
    const errors = {
      'config.labels.1': ['Too long.'],
      'config.rules.0.path': ['Missing.'],
      'config.headers.X-A': ['Bad.'],
    };
    const told = formFields(controls, { ...config, errors });
    expect(fieldNamed(told, 'Labels', 'lines').errors).toEqual(['Entry 2: Too long.']);
    expect(fieldNamed(told, 'Rules', 'json').errors).toEqual(['Entry 1, path: Missing.']);
    expect(fieldNamed(told, 'Headers', 'json').errors).toEqual(['X-A: Bad.']);
  });
});
