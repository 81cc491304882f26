import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { getUsageReport, type UsageReport } from '../../services/usage/usage.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { UsageFilters, UsageResults } from '../view-models/usage.ts';
import { labelOf, usageShown } from './usage-model.ts';
import { dayOf, filtersIn, type Period, periodInWords, periodOf } from './usage-range.ts';

export const usagePages = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.usage,
      role: 'member',
      audit: null,
      example: { query: { range: '7d', split: 'key' } },
    },
    async (ctx, c) => {
      const results = await usageResults(ctx, c);
      if (isPartial(c)) return tools.html(c, 'usage/_results', { results });
      return tools.html(c, 'usage/index', {
        shell: await tools.shell(c, ctx, { title: 'Usage', tab: 'usage' }),
        results,
      });
    },
  ),
];

async function usageResults(ctx: Ctx, c: Context<Env>): Promise<UsageResults> {
  const filters = filtersIn(c.req.query());
  const period = periodOf(filters, new Date());
  const { model, tier, key, connector } = filters;
  const filter = { model, tier, apiKeyId: key, connectorId: connector };
  const { value, failure } = await orFailure(getUsageReport(ctx, filters.split, { ...period, filter }));
  return {
    // The dates to begin with, once somebody wants a range of their own.
    filters: { ...filters, from: dayOf(period.span.from), until: dayOf(new Date(period.span.until.getTime() - 1)) },
    period: periodInWords(period),
    choices: value ? choicesOf(value, filters) : { models: [], tiers: [], keys: [], connectors: [] },
    ownKeysOnly: value?.ownKeysOnly ?? false,
    shown: value?.sums.length ? usageShown(value, period, filters) : null,
    first: value && !value.ever ? firstCall(ctx) : null,
    failure,
    files: filesOf(period, filters),
  };
}

/** What was chosen stays in the list, also where nothing of it is left. */
function choicesOf(report: UsageReport, chosen: UsageFilters): UsageResults['choices'] {
  const options = (split: UsageFilters['split'], found: string[]) =>
    [...new Set([...found, ...(chosen[split] ? [chosen[split]] : [])])].map((value) => ({
      value,
      label: labelOf(report, split, value),
    }));
  const { models, tiers, keys, connectors } = report.facets;
  return {
    models: options('model', models),
    tiers: options('tier', tiers),
    keys: options('key', keys),
    connectors: options('connector', connectors),
  };
}

const firstCall = ({ hub }: Ctx) =>
  `curl ${hub.config.baseUrl}/v1/chat/completions -H "Authorization: Bearer $PATCHBAY_KEY" -H "Content-Type: application/json" -d '{"model": "tier:auto", "messages": [{"role": "user", "content": "Hello"}]}'`;

function filesOf({ span }: Period, filters: UsageFilters): UsageResults['files'] {
  const times = { from: span.from.toISOString(), until: span.until.toISOString() };
  const { model, tier, key, connector } = filters;
  const chosen = Object.entries({ model, tier, key, connector }).filter(([, value]) => value);
  const sums = (by: string, format: string) =>
    `/api/usage?${new URLSearchParams({ by, ...times, ...Object.fromEntries(chosen), format })}`;
  const single = (format: string) => `/api/usage/calls?${new URLSearchParams({ ...times, format })}`;
  return [
    { label: `Sums by ${filters.split}, CSV`, path: sums(filters.split, 'csv') },
    { label: `Sums by ${filters.split}, JSON`, path: sums(filters.split, 'json') },
    { label: 'Sums by day, CSV', path: sums('day', 'csv') },
    { label: 'All calls, CSV', path: single('csv') },
    { label: 'All calls, JSON', path: single('json') },
  ];
}
