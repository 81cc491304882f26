import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import { errorSummary } from '../../../src/lib/forms/summary.ts';
import { controls, methods } from './support/samples.ts';

const summaryOf = (errors: Record<string, string[]>) =>
  errorSummary(formFields(controls, { prefix: 'config', idPrefix: 'f', errors }), errors);

describe('errorSummary', () => {
  it('is absent without errors', () => {
    expect(summaryOf({})).toBeUndefined();
    expect(errorSummary([])).toBeUndefined();
  });

  it('leads to the field', () => {
    expect(summaryOf({ 'config.site_url': ['Must start with https://.'] })).toEqual({
      title: 'One field needs your attention',
      items: [{ target: 'f-config-site_url', text: 'Site address: Must start with https://.' }],
    });
  });

  it('lists fields in the order of the page, also inside groups and blocks', () => {
    const summary = summaryOf({ 'config.tls.name': ['C.'], 'config.proxy_url': ['B.'], 'config.site_url': ['A.'] });
    expect(summary?.title).toBe('3 fields need your attention');
    expect(summary?.items.map(({ text }) => text)).toEqual([
      'Site address: A.',
      'Proxy address: B.',
      'Server name: C.',
    ]);
  });

  it('leads to the first of several boxes or radio buttons', () => {
    expect(summaryOf({ 'config.events': ['A.'] })?.items[0]?.target).toBe('f-config-events--0');
    const errors = { 'auth.method': ['Choose.'] };
    expect(errorSummary(formFields(methods, { prefix: 'auth', idPrefix: 'f', errors }), errors)?.items[0]?.target).toBe(
      'f-auth-method--0',
    );
  });

  it('tells what belongs to no field, once', () => {
    const errors = {
      'config.extra': ['Unknown field “extra”.'],
      'config.rules.0.path': ['Missing.'],
      'config.tls.extra': ['Unknown field “extra”.'],
    };
    expect(summaryOf(errors)).toEqual({
      title: '3 fields need your attention',
      items: [
        { target: 'f-config-rules', text: 'Rules: Entry 1, path: Missing.' },
        { target: '', text: 'Unknown field “extra”.' },
        { target: '', text: 'Unknown field “extra”.' },
      ],
    });
  });
});
