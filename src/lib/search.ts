import Fuse, { type IFuseOptions } from 'fuse.js';

/** What a search looks at; names count most, then aliases, then the rest. */
export interface Searchable {
  key: string;
  name: string;
  aliases: readonly string[];
  category: string;
  description: string;
}

/**
 * The items that match what was typed, best first: exact names and aliases, then their beginnings, then what is
 * nearly the same, then words of category and description. Forgives transposed, missing, doubled and wrong letters.
 * A blank query returns all items in their order.
 */
export function rank<Item extends Searchable>(items: readonly Item[], query: string): Item[] {
  const text = plain(query).slice(0, maxLength);
  if (!text) return [...items];
  const documents = items.map(toDocument);
  const scores = scoreAll(documents, text);
  return documents
    .flatMap(({ item, index }) => (scores.has(index) ? [{ item, index, score: scores.get(index) ?? 1 }] : []))
    .sort((a, b) => a.score - b.score || a.index - b.index)
    .map(({ item }) => item);
}

const maxLength = 100;
const transposed = 0.15;

interface Document<Item> {
  item: Item;
  index: number;
  names: string[];
  nameWords: string[];
  words: string[];
}

type Scores = Map<number, number>;

interface Indexes {
  names: Fuse<Document<unknown>>;
  words: Fuse<Document<unknown>>;
}

/** Words only match from about their beginning: a letter further in costs a tenth. */
const options = { distance: 10, ignoreFieldNorm: true, includeScore: true };
/** Share of letters that may be wrong: in names one of four, in the words of a description one of five. */
const inNames: IFuseOptions<Document<unknown>> = { ...options, keys: ['nameWords'], threshold: 0.3 };
const inWords: IFuseOptions<Document<unknown>> = { ...options, keys: ['words'], threshold: 0.2 };

/** Lower case, without accents and doubled blanks. */
const plain = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}.]+/u).filter(Boolean);

function toDocument<Item extends Searchable>(item: Item, index: number): Document<Item> {
  const names = [item.name, item.key, ...item.aliases].map(plain);
  return {
    item,
    index,
    names,
    nameWords: [...new Set([...names, ...names.flatMap(wordsOf)])],
    words: wordsOf(plain(`${item.category} ${item.description}`)).filter((word) => !fillers.has(word)),
  };
}

/** The whole text first; only if nothing is like it, each of its words, all of which must fit. */
function scoreAll(documents: Document<unknown>[], text: string): Scores {
  const indexes: Indexes = { names: new Fuse(documents, inNames), words: new Fuse(documents, inWords) };
  const whole = scoreText(documents, indexes, text);
  const words = wordsOf(text).filter((word) => !fillers.has(word));
  if (whole.size || words.length < 2) return whole;
  const [first = new Map(), ...others] = words.map((word) => scoreText(documents, indexes, word));
  return others.reduce(sumOfBoth, first);
}

/** The sums of what both have. */
function sumOfBoth(sum: Scores, scores: Scores): Scores {
  const both: Scores = new Map();
  for (const [index, score] of scores) {
    const before = sum.get(index);
    if (before !== undefined) both.set(index, before + score);
  }
  return both;
}

function scoreText(documents: Document<unknown>[], indexes: Indexes, text: string): Scores {
  const scores: Scores = new Map();
  const keep = (index: number, score: number) => scores.set(index, Math.min(score, scores.get(index) ?? score));
  for (const { index, names, nameWords } of documents) {
    if (names.includes(text)) keep(index, -2);
    else if (nameWords.some((name) => name.startsWith(text))) keep(index, -1);
  }
  for (const { item, score } of indexes.names.search(text)) keep(item.index, score ?? 1);
  for (const { item, score } of indexes.words.search(text)) keep(item.index, 1 + (score ?? 1));
  for (const swapped of swaps(text))
    for (const { index, nameWords } of documents)
      if (nameWords.some((name) => name.startsWith(swapped))) keep(index, transposed);
  return scores;
}

/** The text with each pair of neighbours exchanged: a transposition costs an edit distance two, which is too dear. */
function swaps(text: string): string[] {
  if (text.length < 4) return [];
  return Array.from({ length: text.length - 1 }, (_, at) => {
    const [first, second] = [text[at], text[at + 1]];
    return `${text.slice(0, at)}${second}${first}${text.slice(at + 2)}`;
  });
}

/** Words that say nothing about a service. */
const fillers = new Set(
  'a an and any are as at by can for from i in is it my not of on or our that the their them to us use we with you your'.split(
    ' ',
  ),
);
