import type { Chart } from '../../lib/charts/chart.ts';
import type { Shell } from './shell.ts';

// What the templates under views/usage/ are given.

export type UsageRange = '24h' | '7d' | '30d' | 'month' | 'own';
export type UsageSplit = 'model' | 'tier' | 'key' | 'connector';
export type UsageMeasure = 'cost' | 'tokens' | 'calls';

export interface UsageFilters {
  range: UsageRange;
  /** Days of an own range, both part of it: `2026-11-01`; '' otherwise. */
  from: string;
  until: string;
  split: UsageSplit;
  show: UsageMeasure;
  model: string;
  tier: string;
  /** An id; '' for all. */
  key: string;
  connector: string;
}

interface Option {
  value: string;
  label: string;
}

export interface UsageResults {
  filters: UsageFilters;
  /** The range in words, in UTC. */
  period: string;
  choices: { models: Option[]; tiers: Option[]; keys: Option[]; connectors: Option[] };
  /** For those who see their own keys only. */
  ownKeysOnly: boolean;
  /** Null when there is nothing to show. */
  shown: UsageShown | null;
  /** Null when there has been a call already; otherwise a command that makes one. */
  first: string | null;
  failure: string | null;
  files: { label: string; path: string }[];
}

export interface UsageShown {
  tiles: Tile[];
  main: ChartPanel;
  small: ChartPanel[];
  groups: FigureTable;
  stretches: FigureTable;
}

interface Tile {
  label: string;
  value: string;
  /** What belongs to it. */
  lines: { text: string; warn: boolean }[];
}

export interface ChartPanel {
  id: string;
  title: string;
  /** What it shows, in a sentence or two: the alternative to the picture. */
  description: string;
  chart: Chart;
  legend: { tone: string; label: string; value: string; share: string }[];
}

/** Rows of figures, with the same columns for groups and stretches of time. */
export interface FigureTable {
  caption: string;
  /** Of the first column. */
  heading: string;
  rows: Figures[];
  total: Figures | null;
}

export interface Figures {
  /** '' where it has no colour of its own. */
  tone: string;
  label: string;
  /** The exact sum; '' when none is known. */
  exactCost: string;
  cost: string;
  unknownCost: number;
  estimated: number;
  calls: string;
  failed: string;
  tokensIn: string;
  tokensCached: string;
  tokensOut: string;
  p50: string;
  p95: string;
  firstP50: string;
  firstP95: string;
}

export interface UsageModels {
  'usage/index': { shell: Shell; results: UsageResults };
  'usage/_results': { results: UsageResults };
}

export interface UsagePartials {
  'usage/_filters': { results: UsageResults };
  'usage/_chart': { panel: ChartPanel };
  'usage/_legend': { panel: ChartPanel };
  'usage/_table': { table: FigureTable };
  'usage/_row': { row: Figures };
  'usage/_none': { command: string };
}
