// Imported before a hub: at each SIGUSR2 its clock jumps by the next of these many seconds, beside the machine's.

const steps = (process.env.CLOCK_STEPS ?? '').split(',').map(Number);
const { now } = Date;
let offsetMs = 0;
const Real = Date;

class Shifted extends Real {
  constructor(...values: [] | [number | string | Date]) {
    if (values.length) super(...(values as [number]));
    else super(now() + offsetMs);
  }
  static override now = () => now() + offsetMs;
}

globalThis.Date = Shifted as DateConstructor;
process.on('SIGUSR2', () => {
  offsetMs = (steps.shift() ?? 0) * 1000;
});
