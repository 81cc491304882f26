import type { LlmTier, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';

interface Facts {
  promptTokens: number;
  outputTokens: number;
  tools: boolean;
  structured: boolean;
}

interface Rule {
  tier: LlmTier;
  reason: string;
  when: { promptTokens?: number; outputTokens?: number; tools?: true; structured?: true };
}

/** How `tier:auto` chooses: the first rule whose conditions all hold. Numbers are "at least so many"; tokens are guessed. */
const autoRules: Rule[] = [
  { tier: 'high', reason: 'long_prompt', when: { promptTokens: 8_000 } },
  { tier: 'high', reason: 'long_answer', when: { outputTokens: 4_000 } },
  { tier: 'medium', reason: 'tools', when: { tools: true } },
  { tier: 'medium', reason: 'structured_output', when: { structured: true } },
  { tier: 'medium', reason: 'medium_prompt', when: { promptTokens: 1_500 } },
  { tier: 'low', reason: 'short_prompt', when: {} },
];

export interface ChosenModel {
  model: string;
  /** What the caller asked for by a tier; null when a model was named. */
  tier: string | null;
  reason: string | null;
}

/** Four characters are about one token. */
export const guessTokens = (characters: number): number => Math.ceil(characters / 4);

/**
 * The model that a request goes to.
 * @throws AppError malformed_request when it names none, or a tier that there is not
 */
export function chooseModel(
  operation: 'chat' | 'embeddings',
  body: Values,
  models: Record<LlmTier | 'embeddings', string>,
): ChosenModel {
  const { model } = body;
  if (model === undefined && operation === 'embeddings')
    return { model: models.embeddings, tier: 'embeddings', reason: 'default' };
  if (typeof model !== 'string' || !model) throw unclear('Name a model, or a tier such as tier:low, as “model”.');
  if (!model.startsWith('tier:')) return { model, tier: null, reason: null };
  const asked = model.slice('tier:'.length);
  if (operation === 'embeddings' && asked === 'embeddings')
    return { model: models.embeddings, tier: asked, reason: 'asked' };
  const known =
    operation === 'embeddings' ? ['tier:embeddings'] : ['low', 'medium', 'high', 'auto'].map((name) => `tier:${name}`);
  if (!known.includes(model)) throw unclear(`There is no such tier here. Choose ${known.join(', ')}, or name a model.`);
  if (asked !== 'auto') return { model: models[asked as LlmTier], tier: asked, reason: 'asked' };
  const { tier, reason } = ruleFor(factsOf(body));
  return { model: models[tier], tier, reason };
}

const unclear = (message: string) =>
  new AppError('malformed_request', message, { extra: { param: 'model', code: 'model_not_found' } });

function factsOf({ messages, max_tokens, max_completion_tokens, tools, response_format }: Values): Facts {
  const format = (response_format as Values | undefined)?.type;
  return {
    promptTokens: guessTokens(JSON.stringify(messages ?? '').length),
    outputTokens: Number(max_completion_tokens ?? max_tokens ?? 0) || 0,
    tools: Array.isArray(tools) && tools.length > 0,
    structured: format === 'json_schema' || format === 'json_object',
  };
}

function ruleFor(facts: Facts): Rule {
  const holds = ({ when }: Rule) =>
    facts.promptTokens >= (when.promptTokens ?? 0) &&
    facts.outputTokens >= (when.outputTokens ?? 0) &&
    (!when.tools || facts.tools) &&
    (!when.structured || facts.structured);
  return autoRules.find(holds) as Rule;
}
