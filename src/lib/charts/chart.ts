import { scaleBand, scaleLinear } from 'd3-scale';

/** A chart as its template draws it: what runs along the width is in percent, so that it fits any, and text keeps its size. */
export interface Chart {
  height: number;
  ticks: { y: number; label: string }[];
  labels: { x: string; text: string; minor: boolean }[];
  /** One for each stretch of time. */
  bands: Band[];
  /** Drawn over a field of 1000 × `height` that is stretched to the width. */
  lines: { tone: string; d: string }[];
  areas: { tone: string; d: string }[];
}

interface Band {
  x: string;
  width: string;
  /** What it shows, in words. */
  title: string;
  bars: { x: string; width: string; y: number; height: number; tone: string }[];
  points: { x: string; y: number; tone: string }[];
}

export interface Stretch {
  /** '' for none below the axis. */
  label: string;
  title: string;
}

export const fieldWidth = 1000;

const percent = (share: number) => `${Number((share * 100).toFixed(3))}%`;

/** Where things go, for so many stretches of time and values up to `max`. */
export function frame(stretches: Stretch[], { height, max, unit }: { height: number; max: number; unit: Unit }) {
  const x = scaleBand<number>([...stretches.keys()], [0, 1])
    .paddingInner(0.22)
    .paddingOuter(0.11);
  const y = scaleLinear([0, max > 0 ? max : 1], [height, 0]).nice(4);
  const middle = (index: number) => (x(index) ?? 0) + x.bandwidth() / 2;
  const ticks = max > 0 ? y.ticks(4) : [0];
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  return {
    y,
    middle,
    ticks: ticks
      .filter((tick) => unit.whole !== true || Number.isInteger(tick))
      .map((tick) => ({ y: y(tick), label: unit.axis(tick, step) })),
    labels: labelled(stretches).map(({ index, minor }) => ({
      x: percent(middle(index)),
      text: stretches[index]?.label ?? '',
      minor,
    })),
    percentOf: percent,
    bar: (index: number) => ({ x: percent(x(index) ?? 0), width: percent(x.bandwidth()) }),
    band: (index: number) => ({ x: percent(index / stretches.length), width: percent(1 / stretches.length) }),
  };
}

export interface Unit {
  /** A value on the axis, whose steps are so large. */
  axis(value: number, step: number): string;
  /** There are no halves of it. */
  whole?: boolean;
}

const mostLabels = 6;

/** Six at most that always show, and those between them where there is room. */
function labelled(stretches: Stretch[]): { index: number; minor: boolean }[] {
  const named = [...stretches.entries()].filter(([, { label }]) => label).map(([index]) => index);
  const every = Math.ceil(named.length / (mostLabels * 2));
  const shown = named.filter((_, turn) => (named.length - 1 - turn) % every === 0);
  const all = shown.length <= mostLabels;
  return shown.map((index, turn) => ({ index, minor: !all && (shown.length - 1 - turn) % 2 === 1 }));
}
