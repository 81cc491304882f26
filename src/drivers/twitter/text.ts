/** The length as X counts it: addresses are 23 long, many scripts and emoji count twice. https://docs.x.com/fundamentals/counting-characters */
export async function weighted(text: string): Promise<number> {
  const { default: twitter } = await import('twitter-text');
  return twitter.parseTweet(text).weightedLength;
}

/** A text as posts of at most so long, cut at the ends of sentences, else between words, and in a word only when it is too long itself. */
export async function split(text: string, max: number): Promise<string[]> {
  const { default: twitter } = await import('twitter-text');
  const fits = (part: string) => twitter.parseTweet(part.trim()).weightedLength <= max;
  const parts: string[] = [];
  let open = '';
  const add = (pieces: string[], smaller: ((piece: string) => string[])[]) => {
    for (const piece of pieces) {
      if (fits(open + piece)) {
        open += piece;
        continue;
      }
      const [cut, ...rest] = smaller;
      if (!fits(piece) && cut) {
        add(cut(piece), rest);
        continue;
      }
      if (open.trim()) parts.push(open.trim());
      open = piece;
    }
  };
  add(sentences(text.trim()), [words, characters]);
  return open.trim() ? [...parts, open.trim()] : parts;
}

const segments = (granularity: 'sentence' | 'grapheme') => (text: string) =>
  [...new Intl.Segmenter('en', { granularity }).segment(text)].map(({ segment }) => segment);
const sentences = segments('sentence');
const characters = segments('grapheme');
const words = (text: string) => text.match(/\s*\S+/g) ?? [];
