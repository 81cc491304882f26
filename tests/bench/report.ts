import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Spread } from './rounds.ts';

/** One line of the table. */
export interface Finding {
  what: string;
  unit: string;
  ours: Spread;
  /** What the figure is compared with, in words. */
  beside: string;
  other?: Spread;
  /** Ours to the other's, where something is measured side by side. */
  ratio?: Spread;
  /** `at least` or `at most`: of the ratio where there is one, else of the best round. */
  target?: { is: 'at least' | 'at most'; value: number };
}

export const missed = ({ target, ratio, ours }: Finding): boolean => {
  if (!target) return false;
  if (ratio) return target.is === 'at least' ? ratio.median < target.value : ratio.median > target.value;
  return target.is === 'at least' ? ours.high < target.value : ours.low > target.value;
};

/** The machine without anything that names it. */
export const machine = () => ({
  cores: os.availableParallelism(),
  memory_gb: Math.round(os.totalmem() / 2 ** 30),
  node: process.versions.node,
  load: os.loadavg().map((value) => Number(value.toFixed(1))),
});

export function print(findings: Finding[]) {
  const lines = [
    ['what', 'unit', 'ours (low–high)', 'compared with', 'theirs', 'ratio (low–high)', 'target', ''],
    ...findings.map((finding) => [
      finding.what,
      finding.unit,
      spread(finding.ours),
      finding.beside,
      finding.other ? number(finding.other.median) : '',
      finding.ratio ? spread(finding.ratio) : '',
      finding.target ? `${finding.target.is} ${finding.target.value}` : '',
      finding.target ? (missed(finding) ? 'MISSED' : 'met') : '',
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
const spread = ({ median, low, high }: Spread) => `${number(median)} (${number(low)}–${number(high)})`;

export function write(file: string, findings: Finding[]) {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const at = new Date().toISOString();
  const rows = findings.map((finding) => ({ ...finding, missed: missed(finding) }));
  writeFileSync(file, `${JSON.stringify({ at, machine: machine(), findings: rows }, null, 2)}\n`);
}
