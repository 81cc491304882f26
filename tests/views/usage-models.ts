import { lines } from '../../src/lib/charts/lines.ts';
import { stackedBars } from '../../src/lib/charts/stacked-bars.ts';
import { units } from '../../src/lib/figures.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';
import type { ChartPanel, Figures, UsageModels, UsageResults } from '../../src/routes/view-models/usage.ts';

/** A model for the page of usage, full of what must be escaped. */
export function usageModels(hostile: string, shell: Shell): UsageModels {
  const option = [{ value: hostile, label: hostile }];
  const stretch = { label: hostile, title: hostile };
  const about = (id: string, chart: ChartPanel['chart']): ChartPanel => ({
    ...{ id, title: hostile, description: hostile, chart },
    legend: [{ tone: 'tone-1', label: hostile, value: '$1.00', share: '100 %' }],
  });
  const tones = ['tone-1', 'tone-2'];
  const bars = stackedBars([{ ...stretch, values: [1, 2] }], { tones, height: 100, unit: units.money });
  const times = lines([{ ...stretch, values: [10, 20] }], { tones, height: 100, unit: units.duration });
  const row: Figures = {
    ...{ tone: 'tone-1', label: hostile, exactCost: '1.000000001', cost: '$1.00', unknownCost: 2, estimated: 1 },
    ...{ calls: '3', failed: '1', tokensIn: '4', tokensCached: '5', tokensOut: '6' },
    ...{ p50: '7 ms', p95: '8 ms', firstP50: '9 ms', firstP95: '10 ms' },
  };
  const table = { caption: hostile, heading: hostile, rows: [row], total: { ...row, exactCost: '', cost: 'unknown' } };
  const results: UsageResults = {
    filters: {
      ...{ range: 'own', from: '2026-11-01', until: '2026-11-20', split: 'key', show: 'tokens' },
      ...{ model: hostile, tier: hostile, key: hostile, connector: hostile },
    },
    period: hostile,
    choices: { models: option, tiers: option, keys: option, connectors: option },
    ownKeysOnly: true,
    shown: {
      tiles: [{ label: 'Cost', value: hostile, lines: [{ text: hostile, warn: true }] }],
      main: about('main', bars),
      small: [about('times', times)],
      groups: table,
      stretches: table,
    },
    first: null,
    failure: null,
    files: [{ label: hostile, path: '/api/usage' }],
  };
  return {
    'usage/index': { shell, results: { ...results, shown: null, first: hostile } },
    'usage/_results': { results },
  };
}
