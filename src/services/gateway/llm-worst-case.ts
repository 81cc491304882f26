import type { Values } from '../../drivers/driver.ts';

/** What a call may use at most, in tokens. */
export interface WorstCase {
  in: number;
  out: number;
}

/** How many tokens one answer of a model may have, by how its name begins; the first that fits. From the provider's pages about models. */
const longestAnswers: [string, number][] = [
  ['gpt-4o-2024-05-13', 4_096],
  ['gpt-4o', 16_384],
  ['chatgpt-4o', 16_384],
  ['gpt-4.1', 32_768],
  ['gpt-4.5', 16_384],
  ['gpt-4-turbo', 4_096],
  ['gpt-4-1106', 4_096],
  ['gpt-4-0125', 4_096],
  ['gpt-4', 8_192],
  ['gpt-3.5', 4_096],
  ['o1-preview', 32_768],
  ['o1-mini', 65_536],
  ['o1', 100_000],
  ['o3', 100_000],
  ['o4', 100_000],
  ['gpt-5', 128_000],
  ['gpt-6', 128_000],
];
/** For a model that is not known, when the request does not say. */
const otherwise = 16_384;
/** More than anybody asks for; beyond that sums are not exact. */
const most = 100_000_000;
/** The dearest picture that there is: a large one at full detail for gpt-4o-mini. */
const tokensOfPart = 50_000;

/**
 * What a request may use at most. Two bytes of it count as one token, twice what English needs; a picture or a file as 50,000 more.
 * @param text the request as it is sent
 */
export function worstCaseOf(operation: 'chat' | 'embeddings', text: string, body: Values, model: string): WorstCase {
  const tokensIn = Math.ceil(Buffer.byteLength(text) / 2) + partsIn(body.messages) * tokensOfPart;
  if (operation === 'embeddings') return { in: tokensIn, out: 0 };
  const known = longestAnswers.find(([beginning]) => model.startsWith(beginning))?.[1];
  // Which of the two names counts is the provider's to say.
  const limits = [body.max_completion_tokens, body.max_tokens].map(countIn).filter((limit) => limit !== null);
  const asked = limits.length ? Math.max(...limits) : null;
  const each = Math.min(asked ?? known ?? otherwise, known ?? most);
  return { in: tokensIn, out: Math.min(each * (countIn(body.n) ?? 1), most) };
}

/** Also from a text: some providers take it for a number. */
function countIn(value: unknown): number | null {
  const count = typeof value === 'object' ? Number.NaN : Math.ceil(Number(value));
  return count >= 1 ? Math.min(count, most) : null;
}

function partsIn(messages: unknown): number {
  if (!Array.isArray(messages)) return 0;
  const parts = (messages as Values[]).flatMap((message) => (Array.isArray(message?.content) ? message.content : []));
  return parts.filter((part: Values) => typeof part === 'object' && part !== null && part.type !== 'text').length;
}
