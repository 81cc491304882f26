interface Options {
  /** How many run at the same time for one host. */
  atOnce: number;
  /** How long somebody waits for their turn before they go away without one. */
  patienceMs: number;
}

/**
 * Lets work at one host run a few at a time, so that a slow one does not take all the places there are.
 * @returns a function that runs the work in its turn; false when no turn came in time, and the work was not begun
 */
export function hostTurns({ atOnce, patienceMs }: Options) {
  const running = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();

  const leave = (host: string) => {
    const next = waiting.get(host)?.shift();
    if (next) return next(); // hands its place over
    const left = (running.get(host) ?? 1) - 1;
    if (left > 0) running.set(host, left);
    else running.delete(host);
  };

  const enter = (host: string): Promise<boolean> | boolean => {
    const now = running.get(host) ?? 0;
    if (now < atOnce) {
      running.set(host, now + 1);
      return true;
    }
    return new Promise((resolve) => {
      const line = waiting.get(host) ?? [];
      waiting.set(host, line);
      const go = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        line.splice(line.indexOf(go), 1);
        resolve(false);
      }, patienceMs);
      line.push(go);
    });
  };

  return async (host: string, work: () => Promise<unknown>): Promise<boolean> => {
    if (!(await enter(host))) return false;
    try {
      await work();
      return true;
    } finally {
      leave(host);
      if (!waiting.get(host)?.length) waiting.delete(host);
    }
  };
}
