/** What a sentence is held against; the first counts most. */
export interface Weighed<Item> {
  item: Item;
  texts: { text: string; weight: number }[];
}

/**
 * The items that a sentence is about, best first (BM25): words in any form, with the usual verbs and nouns for the same thing. What fits far
 * less well than the best is left out. Of equals the first stays first.
 */
export function mostRelevant<Item>(candidates: Weighed<Item>[], sentence: string): Item[] {
  const asked = [...new Set(wordsOf(sentence))].slice(0, mostWords);
  if (!asked.length) return candidates.map(({ item }) => item);
  const documents = candidates.map(toDocument);
  const average = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length);
  const rarity = new Map(
    asked.map((word) => {
      const having = documents.filter(({ counts }) => counts.has(word)).length;
      return [word, Math.log(1 + (documents.length - having + 0.5) / (having + 0.5))];
    }),
  );
  const scored = documents.map(({ item, counts, length }) => ({
    item,
    score: asked.reduce((sum, word) => {
      const count = counts.get(word) ?? 0;
      return sum + ((rarity.get(word) ?? 0) * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / average));
    }, 0),
  }));
  const best = scored.reduce((most, { score }) => Math.max(most, score), 0);
  return scored
    .filter(({ score }) => score > 0 && score >= best * leastOfBest)
    .toSorted((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

const mostWords = 50;
const leastOfBest = 0.35;

function toDocument<Item>({ item, texts }: Weighed<Item>) {
  const counts = new Map<string, number>();
  let length = 0;
  for (const { text, weight } of texts)
    for (const word of wordsOf(text)) {
      counts.set(word, (counts.get(word) ?? 0) + weight);
      length += weight;
    }
  return { item, counts, length };
}

/** In one form each, without those that say nothing. */
function wordsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word && !fillers.has(word))
    .map((word) => meanings.get(word) ?? meanings.get(stem(word)) ?? stem(word));
}

/** Plain endings of English are enough: both sides go through it. */
function stem(word: string): string {
  if (word.length < 4) return word;
  const bare = word
    .replace(/ies$/, 'y')
    .replace(/(ss|x|ch|sh)es$/, '$1')
    .replace(/([^su])s$/, '$1');
  const shorter = bare.replace(/(?:ing|ed)$/, '');
  if (shorter === bare || shorter.length < 3 || !/[aeiouy]/.test(shorter)) return bare.replace(/e$/, '');
  return shorter.replace(/([^aeiouls])\1$/, '$1');
}

const fillers = new Set(
  'a all an and any are as at be by can could do for from have i if in into is it its me my need of on one or our please so some that the their them then there this to us want was we what when where which will with would you your'.split(
    ' ',
  ),
);

/** Words for the same thing; the first of a line stands for all. */
const meanings = new Map(
  [
    'create add make new open insert register start',
    'get read fetch retrieve show view load inspect',
    'list enumerate browse overview',
    'search find look query lookup locate discover',
    'update edit change modify set patch rename adjust alter replace',
    'delete remove erase drop trash destroy clear',
    'send deliver forward transmit',
    'post publish tweet announce share',
    'comment reply respond answer note',
    'close finish complete resolve end',
    'message dm chat msg',
    'email mail e-mail gmail',
    'issue ticket bug',
    'repository repo',
    'user person people member account profile',
    'file document attachment',
    'meeting appointment event calendar',
  ].flatMap((line) => {
    const [first = '', ...others] = line.split(' ');
    return [first, ...others].flatMap((word) => [[word, first] as const, [stem(word), first] as const]);
  }),
);
