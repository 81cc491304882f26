import { describe, expect, it } from 'vitest';
import {
  filtersIn,
  periodInWords,
  periodOf,
  stretchesOf,
  stretchLabel,
  stretchTitle,
} from '../../src/routes/dashboard/usage-range.ts';

const now = new Date('2026-11-21T14:37:12Z');
const of = (query: Record<string, string>) => {
  const period = periodOf(filtersIn(query), now);
  const { from, until } = period.span;
  return {
    period,
    from: from.toISOString().slice(0, 16),
    until: until.toISOString().slice(0, 16),
    hours: period.hours,
  };
};

describe('the range of a page of usage', () => {
  it.each([
    [{}, '2026-10-23T00:00', '2026-11-22T00:00', 24, 30],
    [{ range: '24h' }, '2026-11-20T15:00', '2026-11-21T15:00', 1, 24],
    [{ range: '7d' }, '2026-11-15T00:00', '2026-11-22T00:00', 6, 28],
    [{ range: 'month' }, '2026-11-01T00:00', '2026-11-22T00:00', 24, 21],
    [{ range: 'own', from: '2026-03-01', until: '2026-03-01' }, '2026-03-01T00:00', '2026-03-02T00:00', 1, 24],
    [{ range: 'own', from: '2026-03-10', until: '2026-03-01' }, '2026-03-01T00:00', '2026-03-11T00:00', 6, 40],
    [{ range: 'own', from: '2026-01-01', until: '2026-12-31' }, '2026-01-01T00:00', '2027-01-01T00:00', 168, 53],
    [{ range: 'own', from: '2020-01-01', until: '2026-01-01' }, '2020-12-29T00:00', '2026-01-02T00:00', 672, 67],
  ])('%j is whole stretches', (query, from, until, hours, count) => {
    const { period, ...found } = of(query as Record<string, string>);
    expect([found.from, found.until, found.hours, stretchesOf(period).length]).toEqual([from, until, hours, count]);
    expect(stretchesOf(period).some((at) => stretchLabel(at, period))).toBe(true);
  });

  it.each([
    { range: 'own' },
    { range: 'own', from: '2026-02-30', until: '2026-03-01' },
    { range: 'own', from: 'x', until: '2026-03-01' },
    { range: 'ages', split: 'colour', show: 'x' },
  ])('%j is the last 30 days', (query) => {
    expect(filtersIn(query as unknown as Record<string, string>)).toMatchObject({
      range: '30d',
      split: 'model',
      show: 'cost',
      from: '',
    });
  });

  it('is told in words', () => {
    expect(periodInWords(of({ range: '7d' }).period)).toBe('15 Nov to 21 Nov 2026');
    expect(periodInWords(of({ range: '24h' }).period)).toBe('Fri 20 Nov, 15:00 to Sat 21 Nov, 15:00');
    expect(stretchTitle(Date.UTC(2026, 10, 20, 6), 6)).toBe('Fri 20 Nov, 06:00–12:00');
    expect(stretchTitle(Date.UTC(2026, 10, 16), 168)).toBe('16 Nov – 22 Nov 2026');
  });
});
