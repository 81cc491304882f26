import { duration, money, whole } from '../../lib/figures.ts';
import type { UsageReport } from '../../services/usage/usage.ts';
import type { Figures } from '../view-models/usage.ts';

type Sums = Omit<UsageReport['sums'][number], 'group' | 'at'>;
type Times = UsageReport['allTimes'];

export const nothing: Sums = {
  calls: 0,
  attempts: 0,
  failures: 0,
  estimated: 0,
  unknownCost: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensOut: 0,
  costUsd: null,
};
export const noTimes: Times = { p50: null, p95: null, firstTokenP50: null, firstTokenP95: null };

export function added(rows: Sums[]): Sums {
  const sum = (name: Exclude<keyof Sums, 'costUsd'>) => rows.reduce((all, row) => all + row[name], 0);
  return {
    calls: sum('calls'),
    attempts: sum('attempts'),
    failures: sum('failures'),
    estimated: sum('estimated'),
    unknownCost: sum('unknownCost'),
    tokensIn: sum('tokensIn'),
    tokensCached: sum('tokensCached'),
    tokensOut: sum('tokensOut'),
    costUsd: addedDollars(rows.flatMap(({ costUsd }) => costUsd ?? [])),
  };
}

/** Exact, from texts with nine decimals; null for none. */
function addedDollars(costs: string[]): string | null {
  if (!costs.length) return null;
  const nano = costs.reduce((sum, cost) => sum + BigInt(nanoDigits(cost)), 0n);
  const digits = String(nano).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function nanoDigits(cost: string): string {
  const [dollars = '0', rest = ''] = cost.split('.');
  return dollars + rest.padEnd(9, '0').slice(0, 9);
}

export const dollarsOf = ({ costUsd }: Pick<Sums, 'costUsd'>): number => Number(costUsd ?? 0);

/** Of a call nobody knows the price of, no amount is told. */
export const costText = ({ costUsd, unknownCost }: Pick<Sums, 'costUsd' | 'unknownCost'>): string => {
  if (costUsd !== null) return money(Number(costUsd));
  return unknownCost ? 'unknown' : '–';
};

const time = (ms: number | null) => (ms === null ? '–' : duration(ms));

export const figuresOf = (label: string, tone: string, sums: Sums, times: Times): Figures => ({
  label,
  tone,
  exactCost: sums.costUsd ?? '',
  cost: costText(sums),
  unknownCost: sums.costUsd === null ? 0 : sums.unknownCost,
  estimated: sums.estimated,
  calls: whole(sums.attempts),
  failed: sums.failures ? whole(sums.failures) : '–',
  tokensIn: whole(sums.tokensIn),
  tokensCached: whole(sums.tokensCached),
  tokensOut: whole(sums.tokensOut),
  p50: time(times.p50),
  p95: time(times.p95),
  firstP50: time(times.firstTokenP50),
  firstP95: time(times.firstTokenP95),
});
