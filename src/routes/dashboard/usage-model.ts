import { capital } from '../../lib/capital.ts';
import { lines } from '../../lib/charts/lines.ts';
import { stackedBars } from '../../lib/charts/stacked-bars.ts';
import { duration, money, share, short, units, whole } from '../../lib/figures.ts';
import type { UsageReport } from '../../services/usage/usage.ts';
import type { ChartPanel, UsageFilters, UsageMeasure, UsageShown, UsageSplit } from '../view-models/usage.ts';
import { added, costText, dollarsOf, figuresOf, noTimes, nothing } from './usage-figures.ts';
import { type Period, stretchesOf, stretchLabel, stretchTitle } from './usage-range.ts';

type Sums = ReturnType<typeof added>;

interface Group {
  name: string;
  label: string;
  tone: string;
  sums: Sums;
  byStretch: Map<number, Sums>;
  times: UsageReport['allTimes'];
}

/** How many groups have a colour of their own. */
const coloured = 5;

const measures: Record<UsageMeasure, { label: string; of(sums: Sums): number; text(value: number): string }> = {
  cost: { label: 'Cost', of: dollarsOf, text: money },
  tokens: { label: 'Tokens', of: ({ tokensIn, tokensOut }) => tokensIn + tokensOut, text: short },
  calls: { label: 'Calls', of: ({ attempts }) => attempts, text: whole },
};

const splitWords: Record<UsageSplit, string> = { model: 'model', tier: 'tier', key: 'API key', connector: 'connector' };

/** The page's figures and charts, out of what the service found. */
export function usageShown(report: UsageReport, period: Period, filters: UsageFilters): UsageShown {
  const measure = measures[filters.show];
  const groups = groupsOf(report, filters.split, measure.of);
  const stretches = stretchesOf(period).map((at) => ({
    at,
    label: stretchLabel(at, period),
    title: stretchTitle(at, period.hours),
    sums: added(groups.flatMap(({ byStretch }) => byStretch.get(at) ?? [])),
    times: report.stretchTimes.get(at) ?? noTimes,
  }));
  const all = added(groups.map(({ sums }) => sums));
  const total = figuresOf('Total', '', all, report.allTimes);
  return {
    tiles: tilesOf(all, report),
    main: mainPanel(groups, stretches, filters),
    small: [tokensPanel(stretches, all), callsPanel(stretches, all), timesPanel(stretches, report)],
    groups: {
      caption: `By ${splitWords[filters.split]}`,
      heading: capital(splitWords[filters.split]),
      rows: groups.map((group) => figuresOf(group.label, group.tone, group.sums, group.times)),
      total,
    },
    stretches: {
      caption: 'Over time',
      heading: 'Time (UTC)',
      rows: stretches
        .filter(({ sums }) => sums.attempts)
        .map(({ title, sums, times }) => figuresOf(title, '', sums, times))
        .reverse(),
      total,
    },
  };
}

interface StretchSums {
  at: number;
  label: string;
  title: string;
  sums: Sums;
  times: UsageReport['allTimes'];
}

/** The largest first; the first ones get colours. */
function groupsOf(report: UsageReport, split: UsageSplit, of: (sums: Sums) => number): Group[] {
  const found = [...Map.groupBy(report.sums, ({ group }) => group)].map(([group, rows]) => ({
    name: group ?? '',
    label: labelOf(report, split, group),
    sums: added(rows),
    byStretch: new Map(rows.map((row) => [row.at, row])),
    times: report.groupTimes.get(group) ?? noTimes,
  }));
  return found
    .sort((a, b) => of(b.sums) - of(a.sums) || b.sums.attempts - a.sums.attempts || a.label.localeCompare(b.label))
    .map((group, index) => ({ ...group, tone: index < coloured ? `tone-${index + 1}` : 'tone-rest' }));
}

export function labelOf({ names }: Pick<UsageReport, 'names'>, split: UsageSplit, group: string | null): string {
  if (split === 'key') return group ? (names.keys.get(group) ?? `Removed key …${group.slice(-6)}`) : 'Without a key';
  if (split === 'connector') return names.connectors.get(group ?? '') ?? `Removed connector …${group?.slice(-6)}`;
  if (group) return split === 'tier' ? capital(group) : group;
  return split === 'tier' ? 'Without a tier' : 'Failed, no answer';
}

function tilesOf(all: Sums, { allTimes }: UsageReport): UsageShown['tiles'] {
  const unknown = all.costUsd === null ? [] : unknownLine(all.unknownCost);
  const estimated = all.estimated ? [{ text: `${calls(all.estimated)} estimated`, warn: false }] : [];
  const time = (ms: number | null) => (ms === null ? '–' : duration(ms));
  return [
    { label: 'Cost', value: capital(costText(all)), lines: [...unknown, ...estimated] },
    {
      label: 'Calls',
      value: whole(all.attempts),
      lines: [
        all.failures
          ? { text: `${whole(all.failures)} failed (${share(all.failures, all.attempts)})`, warn: true }
          : { text: 'None failed', warn: false },
      ],
    },
    {
      label: 'Tokens',
      value: short(all.tokensIn + all.tokensOut),
      lines: [
        { text: `${short(all.tokensIn)} in, ${short(all.tokensOut)} out`, warn: false },
        { text: `${share(all.tokensCached, all.tokensIn) || 'none'} of those in were cached`, warn: false },
      ],
    },
    {
      label: 'Time of a call',
      value: time(allTimes.p50),
      lines: [
        { text: `95 of 100 within ${time(allTimes.p95)}`, warn: false },
        { text: `first token after ${time(allTimes.firstTokenP50)}`, warn: false },
      ],
    },
  ];
}

const calls = (count: number) => `${whole(count)} ${count === 1 ? 'call' : 'calls'}`;
const unknownLine = (count: number) => (count ? [{ text: `+ ${calls(count)} at unknown cost`, warn: true }] : []);

function mainPanel(groups: Group[], stretches: StretchSums[], { split, show }: UsageFilters): ChartPanel {
  const measure = measures[show];
  const own = groups.slice(0, coloured);
  const rest = groups.slice(coloured);
  const parts = [
    ...own,
    ...(rest.length
      ? [
          {
            label: rest.length === 1 ? (rest[0]?.label ?? '') : `${rest.length} others`,
            tone: 'tone-rest',
            sums: added(rest.map(({ sums }) => sums)),
            members: rest,
          },
        ]
      : []),
  ].map((part) => ({ ...part, members: 'members' in part ? part.members : [part as Group] }));
  const valueAt = (members: Group[], at: number) =>
    members.reduce((sum, { byStretch }) => sum + measure.of(byStretch.get(at) ?? nothing), 0);
  const bars = stretches.map(({ at, label, title, sums }) => {
    const values = parts.map(({ members }) => valueAt(members, at));
    const named = parts.flatMap((part, index) =>
      values[index] ? [`${part.label}: ${measure.text(values[index] ?? 0)}`] : [],
    );
    return { label, title: [`${title}: ${measure.text(measure.of(sums))}`, ...named].join('\n'), values };
  });
  const all = added(groups.map(({ sums }) => sums));
  return {
    id: 'main',
    title: `${measure.label} by ${splitWords[split]}`,
    description: `${inAll(measure, all)} ${highest(measure, stretches)} ${largest(measure, parts)}`,
    chart: stackedBars(bars, {
      tones: parts.map(({ tone }) => tone),
      height: 240,
      unit: show === 'cost' ? units.money : units.count,
    }),
    legend: parts.map(({ label, tone, sums }) => ({
      ...{ tone, label },
      value:
        show === 'cost'
          ? costText(sums) + (sums.costUsd !== null && sums.unknownCost ? ' + unknown' : '')
          : measure.text(measure.of(sums)),
      share: share(measure.of(sums), measure.of(all)),
    })),
  };
}

type Measure = (typeof measures)[UsageMeasure];

const inAll = ({ label, of, text }: Measure, all: Sums) =>
  `${label} in all: ${text(of(all))}${all.unknownCost && label === 'Cost' ? `, and ${calls(all.unknownCost)} at unknown cost` : ''}.`;

function highest({ of, text }: Measure, stretches: StretchSums[]): string {
  const top = stretches.reduce<StretchSums | null>(
    (best, each) => (best && of(best.sums) >= of(each.sums) ? best : each),
    null,
  );
  return top ? `The highest bar is ${top.title} with ${text(of(top.sums))}.` : '';
}

const largest = ({ of, text }: Measure, parts: { label: string; sums: Sums }[]) =>
  `${parts.map(({ label, sums }) => `${label} ${text(of(sums))}`).join(', ')}. The table below has all figures.`;

/** Three small ones that are always the same. */
function tokensPanel(stretches: StretchSums[], all: Sums): ChartPanel {
  const kinds = [
    { label: 'In', tone: 'tone-1', of: ({ tokensIn, tokensCached }: Sums) => tokensIn - tokensCached },
    { label: 'In, cached', tone: 'tone-2', of: ({ tokensCached }: Sums) => tokensCached },
    { label: 'Out', tone: 'tone-3', of: ({ tokensOut }: Sums) => tokensOut },
  ];
  return smallBars('tokens', 'Tokens', kinds, short, { stretches, all });
}

function callsPanel(stretches: StretchSums[], all: Sums): ChartPanel {
  const kinds = [
    { label: 'Succeeded', tone: 'tone-ok', of: ({ attempts, failures }: Sums) => attempts - failures },
    { label: 'Failed', tone: 'tone-bad', of: ({ failures }: Sums) => failures },
  ];
  return smallBars('calls', 'Calls and failures', kinds, whole, { stretches, all });
}

function smallBars(
  id: string,
  title: string,
  kinds: { label: string; tone: string; of(sums: Sums): number }[],
  text: (value: number) => string,
  { stretches, all }: { stretches: StretchSums[]; all: Sums },
): ChartPanel {
  const named = (sums: Sums) => kinds.map(({ label, of }) => `${label}: ${text(of(sums))}`);
  const bars = stretches.map(({ label, title: when, sums }) => ({
    ...{ label, title: [when, ...named(sums)].join('\n') },
    values: kinds.map(({ of }) => of(sums)),
  }));
  const sum = kinds.reduce((whole, { of }) => whole + of(all), 0);
  return {
    ...{ id, title },
    description: `${named(all).join(', ')}. The table over time has all figures.`,
    chart: stackedBars(bars, { tones: kinds.map(({ tone }) => tone), height: 150, unit: units.count }),
    legend: kinds.map(({ label, tone, of }) => ({ tone, label, value: text(of(all)), share: share(of(all), sum) })),
  };
}

function timesPanel(stretches: StretchSums[], { allTimes }: UsageReport): ChartPanel {
  const kinds = [
    { label: 'Half within (p50)', tone: 'tone-1', of: ({ p50 }: typeof allTimes) => p50 },
    { label: '95 of 100 within (p95)', tone: 'tone-4', of: ({ p95 }: typeof allTimes) => p95 },
    { label: 'First token (p50)', tone: 'tone-2', of: ({ firstTokenP50 }: typeof allTimes) => firstTokenP50 },
  ];
  const time = (ms: number | null) => (ms === null ? '–' : duration(ms));
  const named = (times: typeof allTimes) => kinds.map(({ label, of }) => `${label}: ${time(of(times))}`);
  const points = stretches.map(({ label, title, times }) => ({
    ...{ label, title: [title, ...named(times)].join('\n') },
    values: kinds.map(({ of }) => of(times)),
  }));
  return {
    ...{ id: 'times', title: 'Time of a call' },
    description: `${named(allTimes).join(', ')}. The table over time has all figures.`,
    chart: lines(points, { tones: kinds.map(({ tone }) => tone), height: 150, unit: units.duration }),
    legend: kinds.map(({ label, tone, of }) => ({ tone, label, value: time(of(allTimes)), share: '' })),
  };
}
