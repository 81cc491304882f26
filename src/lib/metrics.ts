import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** For gauges that are asked when they are read: `new Gauge({ …, registers: [metrics.registry], collect })`. */
  readonly registry: Registry;
  /** Counts one answered request; `route` is the pattern, never the path, so that labels stay few. */
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void;
  /** Makes a counter, or gives the one that has this name already. */
  counter<Label extends string>(name: string, help: string, labelNames?: Label[]): Counter<Label>;
  /** The same for what goes up and down. */
  gauge(name: string, help: string): Gauge;
  /** The same for durations in seconds. */
  histogram<Label extends string>(name: string, help: string, labelNames?: Label[]): Histogram<Label>;
  /** The text that a Prometheus server reads, with its content type. */
  metricsText(): Promise<{ contentType: string; body: string }>;
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** One registry per app, so that two apps in one process (as in tests) do not meet. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'patchbay_' });
  const requests = new Histogram({
    name: 'patchbay_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its handler',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });

  return {
    registry,
    observeRequest({ method, route, status, seconds }) {
      requests.observe({ method: knownMethods.has(method) ? method : 'other', route, status }, seconds);
    },
    counter<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
      const known = registry.getSingleMetric(name);
      return (known as Counter<Label>) ?? new Counter({ name, help, labelNames, registers: [registry] });
    },
    gauge(name: string, help: string) {
      return (registry.getSingleMetric(name) as Gauge) ?? new Gauge({ name, help, registers: [registry] });
    },
    histogram<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
      const known = registry.getSingleMetric(name);
      const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
      return (known as Histogram<Label>) ?? new Histogram({ name, help, labelNames, buckets, registers: [registry] });
    },
    async metricsText() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
