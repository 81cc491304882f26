import type { Tx } from '../client.ts';
import { llmUsage } from '../schema/index.ts';

export type LlmUsageRow = typeof llmUsage.$inferSelect;

export async function insertLlmUsage(tx: Tx, values: typeof llmUsage.$inferInsert): Promise<void> {
  await tx.insert(llmUsage).values(values);
}
