import { stack } from 'd3-shape';
import { type Chart, frame, type Stretch, type Unit } from './chart.ts';

export interface BarStretch extends Stretch {
  /** One for each tone, none below 0. */
  values: number[];
}

/** Bars that stand on each other, the first tone at the bottom. */
export function stackedBars(
  stretches: BarStretch[],
  { tones, height, unit }: { tones: string[]; height: number; unit: Unit },
): Chart {
  const max = Math.max(0, ...stretches.map(({ values }) => values.reduce((sum, value) => sum + value, 0)));
  const at = frame(stretches, { height, max, unit });
  const layers = stack<BarStretch, number>()
    .keys([...tones.keys()])
    .value(({ values }, index) => values[index] ?? 0)(stretches);
  const bars = (index: number) =>
    layers.flatMap((layer) => {
      const [from = 0, to = 0] = layer[index] ?? [];
      if (to <= from) return [];
      const top = at.y(to);
      // What is there can be seen, however little it is.
      const tall = Math.max(1, at.y(from) - top);
      return [{ ...at.bar(index), y: round(at.y(from) - tall), height: round(tall), tone: tones[layer.key] ?? '' }];
    });
  return {
    height,
    ticks: at.ticks,
    labels: at.labels,
    bands: stretches.map(({ title }, index) => ({ ...at.band(index), title, bars: bars(index), points: [] })),
    lines: [],
    areas: [],
  };
}

const round = (value: number) => Number(value.toFixed(2));
