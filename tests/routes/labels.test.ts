import { expect, it } from 'vitest';
import { testApp } from '../support/app.ts';

it('every route of the app is measured under its own pattern', async () => {
  const hub = await testApp();
  try {
    const { operations, pages } = hub.declared;
    const routes = [...operations.map(({ operation }) => operation), ...pages];
    const paths = [...new Set(routes.filter(({ method }) => method === 'get').map(({ path }) => path))];
    for (const path of [...paths, '/assets/x', '/nowhere']) await hub.as(null, 'GET', path.replace(/:\w+/g, 'x'));
    const { body } = await hub.deps.metrics.metricsText();
    const labels = [...body.matchAll(/_duration_seconds_count\{[^}]*route="([^"]*)"/g)].map(([, label]) => label);
    expect([...new Set(labels)].sort()).toEqual([...paths, '/assets/*', 'none'].sort());
  } finally {
    await hub.close();
  }
});
