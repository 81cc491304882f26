import { afterEach, expect, it, vi } from 'vitest';
import { keptHtml } from '../../src/lib/kept-html.ts';
import { ago } from '../../src/lib/time.ts';

afterEach(() => vi.useRealTimers());

it('HTML is written once for each model, while its times go on', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T12:00:00Z') });
  const html = keptHtml();
  const write = vi.fn((name: string) => `<p>${html.ago(new Date('2026-11-21T11:55:00Z'))} ${name}</p>`);
  const [one, two] = [{ name: 'One' }, { name: 'Two' }];
  const both = () => [one, two].map((model) => html.kept(model, () => write(model.name)));
  const told = (at: string) =>
    ['One', 'Two'].map((name) => `<p>${ago(new Date('2026-11-21T11:55:00Z'), new Date(at))} ${name}</p>`);
  expect(both()).toEqual(told('2026-11-21T12:00:00Z'));
  vi.setSystemTime(new Date('2026-11-21T14:00:00Z'));
  expect(both()).toEqual(told('2026-11-21T14:00:00Z'));
  expect(both()[0]).toContain('2 hours ago');
  expect(write).toHaveBeenCalledTimes(2);
  expect(html.kept({}, () => 'no time in it')).toBe('no time in it');
  const broken = () =>
    html.kept({}, () => {
      throw new Error('not a template');
    });
  expect(broken).toThrow('not a template');
  expect(html.ago(new Date('2026-11-21T13:00:00Z'))).toContain('1 hour ago');
});
