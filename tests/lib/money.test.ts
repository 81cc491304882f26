import { describe, expect, it } from 'vitest';
import { nanoOf, roundUsd, shortUsd, usdOf } from '../../src/lib/money.ts';

describe('money', () => {
  it.each([
    [0, '0.000000000', '0.00', '0.00'],
    [1, '0.000000001', '0.000000001', '0.000000001'],
    [12_345_600, '0.012345600', '0.0123456', '0.0123'],
    [500_000_000, '0.500000000', '0.50', '0.5000'],
    [20_732_203_840, '20.732203840', '20.73220384', '20.73'],
    [1_000_000_000_000_000, '1000000.000000000', '1000000.00', '1000000.00'],
  ])('of %d billionths is exact, short, and round', (nano, exact, short, round) => {
    expect([usdOf(nano), shortUsd(nano), roundUsd(nano)]).toEqual([exact, short, round]);
    expect(nanoOf(exact)).toBe(nano);
    expect(nanoOf(short)).toBe(nano);
  });

  it('is nothing where it cannot be counted exactly', () => {
    expect([usdOf(2 ** 53), usdOf(0.5), usdOf(-1_500_000_000)]).toEqual([null, null, '-1.500000000']);
  });
});
