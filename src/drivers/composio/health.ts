import type { HealthReport } from '../driver.ts';
import { count, record } from './read.ts';

/** What the shortest list that needs a key says. Composio has no call that tells whose key it is. */
export function healthIn(answer: unknown): HealthReport {
  const total = count(record(answer).total_items);
  return { message: total === null ? 'The key works.' : `The key works; ${total} toolkits are offered.` };
}
