import { describe, expect, it } from 'vitest';
import { lines } from '../../../src/lib/charts/lines.ts';
import { stackedBars } from '../../../src/lib/charts/stacked-bars.ts';
import { duration, money, share, units, whole } from '../../../src/lib/figures.ts';

const days = (values: number[][]) =>
  values.map((each, index) => ({ label: `${index + 1} Nov`, title: `Day ${index + 1}`, values: each }));
const drawn = (values: number[][], unit: (typeof units)[keyof typeof units] = units.money) =>
  stackedBars(days(values), { tones: ['one', 'two'], height: 100, unit });

describe('stackedBars', () => {
  it('stands the tones on each other, from the axis to their sum', () => {
    const { bands, ticks } = drawn([
      [1, 3],
      [0, 2],
    ]);
    expect(ticks.map(({ label, y }) => [label, y])).toEqual([
      ['$0', 100],
      ['$1', 75],
      ['$2', 50],
      ['$3', 25],
      ['$4', 0],
    ]);
    const [first, second] = bands;
    expect(first?.bars.map(({ tone, y, height }) => [tone, y, height])).toEqual([
      ['one', 75, 25],
      ['two', 0, 75],
    ]);
    expect(second?.bars.map(({ tone, y, height }) => [tone, y, height])).toEqual([['two', 50, 50]]);
    expect([first?.x, first?.width, second?.x]).toEqual(['0%', '50%', '50%']);
    expect(first?.title).toBe('Day 1');
  });

  it('shows what is hardly there, and nothing where nothing is', () => {
    const { bands } = drawn([
      [1_000_000, 1],
      [0, 0],
    ]);
    expect(bands[0]?.bars[1]?.height).toBe(1);
    expect(bands[1]?.bars).toEqual([]);
    const empty = drawn([[0, 0]]);
    expect([empty.ticks, empty.bands[0]?.bars]).toEqual([[{ y: 100, label: '$0' }], []]);
  });

  it('has no halves of calls on its axis', () => {
    const { ticks } = drawn([[1, 0]], units.count);
    expect(ticks.map(({ label }) => label)).toEqual(['0', '1']);
  });

  it.each([1, 5, 6, 7, 24, 30, 31, 60])('labels the last of %i days, six of them everywhere at most', (count) => {
    const { labels } = drawn(Array.from({ length: count }, () => [1, 1]));
    expect(labels.at(-1)?.text).toBe(`${count} Nov`);
    expect(labels.at(-1)?.minor).toBe(false);
    expect(labels.filter(({ minor }) => !minor).length).toBeLessThanOrEqual(6);
    expect(labels.length).toBeLessThanOrEqual(12);
  });
});

describe('lines', () => {
  it('leaves a gap where there is nothing to tell, and a point at each value', () => {
    const stretches = [10, null, 20, 40].map((value, index) => ({
      label: '',
      title: `${index}`,
      values: [value, value && value * 2],
    }));
    const chart = lines(stretches, { tones: ['low', 'high'], height: 100, unit: units.duration });
    expect(chart.lines.map(({ d }) => d.match(/M/g)?.length)).toEqual([2, 2]);
    expect(chart.bands.map(({ points }) => points.length)).toEqual([2, 0, 2, 2]);
    expect(chart.areas).toHaveLength(1);
    expect(chart.lines[0]?.d).not.toContain('NaN');
  });

  it('draws nothing of nothing', () => {
    const chart = lines([{ label: '', title: '', values: [null] }], {
      tones: ['low'],
      height: 100,
      unit: units.duration,
    });
    expect([chart.lines[0]?.d, chart.bands[0]?.points, chart.areas]).toEqual(['', [], []]);
  });
});

describe('figures', () => {
  it('have as many digits as say something', () => {
    expect([0, 0.000000123, 0.0012, 0.0459, 0.5, 3, 12.345, 12_345.6].map(money)).toEqual([
      ...['$0', '$0.00000012', '$0.0012', '$0.046', '$0.50', '$3.00', '$12.35', '$12,346'],
    ]);
    expect([0, 840, 1_240, 9_960, 61_000, 150_000].map(duration)).toEqual([
      ...['0 ms', '840 ms', '1.2 s', '10 s', '61 s', '2.5 min'],
    ]);
    expect([share(0, 9), share(1, 1_000), share(1, 3), share(1, 0)]).toEqual(['0 %', '< 1 %', '33 %', '']);
    expect(whole(1_234_567)).toBe('1,234,567');
  });
});
