import { type ExecutionContext, type HealthReport, requestJson, ServiceError } from '../driver.ts';
import { llm } from './llm.ts';

/** https://platform.openai.com/docs/api-reference/models/list: costs nothing, and needs a key that works. */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const { config } = context;
  const headers = llm.headers(config, context.auth);
  const body = await requestJson(context, llm.url(config, 'models'), { headers }).catch(noModels);
  const { data } = (body ?? {}) as { data?: unknown };
  const listed = Array.isArray(data) ? data.map((each) => String((each as { id?: unknown })?.id).slice(0, 128)) : [];
  const missing = Object.entries(llm.models(config)).filter(([, name]) => listed.length && !listed.includes(name));
  return {
    message: `The key works; ${listed.length} models are offered.`,
    warnings: missing.map(([tier, name]) => {
      const other = replacementFor(name, listed);
      const advice = other ? `Use ${other} instead.` : 'Choose another one in the settings.';
      return `The model ${name} of the tier “${tier}” is not offered. ${advice}`;
    }),
  };
}

/** Most who leave out the version, or give the whole path of a call, meet this. */
function noModels(error: unknown): never {
  if (!(error instanceof ServiceError) || error.fault !== 'not_found') throw error;
  throw new ServiceError(
    'not_found',
    'No list of models is at this base URL (HTTP 404). Most of them end in /v1, without the name of a call behind it.',
    { status: error.status, field: 'config.base_url', cause: error },
  );
}

/** The same model without its date, or the newest date of it; else whatever else begins alike, the shortest name first. */
function replacementFor(name: string, listed: string[]): string | undefined {
  const base = name.replace(/-\d{4}-?\d{2}-?\d{2}$/, '');
  if (base !== name && listed.includes(base)) return base;
  const dated = listed.filter(
    (each) => each.startsWith(`${base}-`) && /^-\d{4}-?\d{2}-?\d{2}$/.test(each.slice(base.length)),
  );
  const [newest] = dated.sort().reverse();
  if (newest) return newest;
  const family = base.replace(/-[^-]+$/, '');
  if (!/\d/.test(family)) return undefined; // says too little to be the same kind of model
  const alike = listed.filter((each) => family !== base && (each === family || each.startsWith(`${family}-`)));
  return alike.sort((a, b) => a.length - b.length || (a < b ? 1 : -1))[0];
}
