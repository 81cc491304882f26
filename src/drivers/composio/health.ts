import type { Broker, ExecutionContext, HealthReport } from '../driver.ts';

/** The shortest list that needs a key. Composio has no call that tells whose key it is. */
export const checkHealth =
  (broker: Broker) =>
  async (context: ExecutionContext): Promise<HealthReport> => {
    const { items } = await broker.listToolkits(context, { limit: 1 });
    if (items.length) return { message: 'The key works.' };
    return { message: 'The key works.', warnings: ['No toolkits are offered for it.'] };
  };
