import { expect, it } from 'vitest';
import { createMetrics } from '../../src/lib/metrics.ts';

it('counts requests by method, route pattern and status', async () => {
  const metrics = createMetrics();
  metrics.observeRequest({ method: 'GET', route: '/connectors/:id', status: 200, seconds: 0.02 });
  metrics.observeRequest({ method: 'GET', route: '/connectors/:id', status: 200, seconds: 0.2 });
  metrics.observeRequest({ method: 'BREW', route: 'none', status: 404, seconds: 0.001 });
  const { contentType, body } = await metrics.metricsText();
  expect(contentType).toContain('text/plain');
  expect(body).toContain(
    'patchbay_http_request_duration_seconds_count{method="GET",route="/connectors/:id",status="200"} 2',
  );
  expect(body).toContain('le="0.025",method="GET",route="/connectors/:id",status="200"} 1');
  expect(body).toContain('method="other",route="none",status="404"');
});

it('tells about the process', async () => {
  expect((await createMetrics().metricsText()).body).toContain('patchbay_process_resident_memory_bytes');
});

it('gives the same counter for the same name, and each registry its own', async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.counter('patchbay_sign_ins_total', 'Sign-ins', ['result']).inc({ result: 'refused' });
  one.counter('patchbay_sign_ins_total', 'Sign-ins', ['result']).inc({ result: 'refused' });
  expect((await one.metricsText()).body).toContain('patchbay_sign_ins_total{result="refused"} 2');
  expect((await two.metricsText()).body).not.toContain('patchbay_sign_ins_total');
});
