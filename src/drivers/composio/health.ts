import { type ExecutionContext, type HealthReport, requestJson } from '../driver.ts';

/** https://docs.composio.dev/reference: the shortest list that needs a key. */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const base = String(context.config.base_url ?? 'https://backend.composio.dev').replace(/\/$/, '');
  const headers = { 'x-api-key': String(context.auth.api_key) };
  const body = await requestJson(context, `${base}/api/v3.1/toolkits?limit=1`, { headers });
  const { total_items } = (body ?? {}) as { total_items?: number };
  return {
    message: total_items === undefined ? 'The key works.' : `The key works; ${total_items} toolkits are offered.`,
  };
}
