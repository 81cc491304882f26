import { area, line } from 'd3-shape';
import { type Chart, fieldWidth, frame, type Stretch, type Unit } from './chart.ts';

export interface LineStretch extends Stretch {
  /** One for each tone; null where there is nothing to tell, which leaves a gap. */
  values: (number | null)[];
}

/** Lines with a point at each value; the space between the first two is filled. */
export function lines(
  stretches: LineStretch[],
  { tones, height, unit }: { tones: string[]; height: number; unit: Unit },
): Chart {
  const max = Math.max(0, ...stretches.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const at = frame(stretches, { height, max, unit });
  const x = (index: number) => at.middle(index) * fieldWidth;
  const valueIn = (series: number) => (stretch: LineStretch) => stretch.values[series] ?? null;
  const path = (series: number) =>
    line<LineStretch>()
      .digits(1)
      .defined((stretch) => valueIn(series)(stretch) !== null)
      .x((_, index) => x(index))
      .y((stretch) => at.y(valueIn(series)(stretch) ?? 0))(stretches);
  const between = area<LineStretch>()
    .digits(1)
    .defined(({ values: [low = null, high = null] }) => low !== null && high !== null)
    .x((_, index) => x(index))
    .y0(({ values: [low] }) => at.y(low ?? 0))
    .y1(({ values: [, high] }) => at.y(high ?? 0))(stretches);
  const points = ({ values }: LineStretch, index: number) =>
    tones.flatMap((tone, series) => {
      const value = values[series] ?? null;
      return value === null ? [] : [{ x: at.percentOf(at.middle(index)), y: Number(at.y(value).toFixed(2)), tone }];
    });
  return {
    height,
    ticks: at.ticks,
    labels: at.labels,
    bands: stretches.map((stretch, index) => ({
      ...at.band(index),
      title: stretch.title,
      bars: [],
      points: points(stretch, index),
    })),
    lines: tones.map((tone, series) => ({ tone, d: path(series) ?? '' })),
    areas: between ? [{ tone: tones[0] ?? '', d: between }] : [],
  };
}
