import type { ExecutionContext, HealthReport } from '../driver.ts';
import { requestJson, type Values } from '../driver.ts';
import { llm } from './llm.ts';

/** https://platform.openai.com/docs/api-reference/models/list: costs nothing, and needs a key that works. */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { config } = context;
  const body = await requestJson(context, llm.url(config, 'models'), { headers: llm.headers(config, context.auth) });
  const { data } = (body ?? {}) as { data?: unknown };
  const listed = new Set(Array.isArray(data) ? data.map((each) => String((each as { id?: unknown })?.id)) : []);
  const missing = Object.entries(modelsOf(config)).filter(([, name]) => listed.size > 0 && !listed.has(name));
  return {
    message: `The key works; ${listed.size} models are offered.`,
    warnings: missing.map(
      ([tier, name]) => `The model ${name} of the tier “${tier}” is not offered. Choose another one.`,
    ),
  };
}

/** The models that the settings name by themselves; those of the tiers' defaults may be missing at other providers. */
const modelsOf = ({ models }: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries((models ?? {}) as Values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
