import { randomBytes } from 'node:crypto';

/** Every canary begins with it, so one search finds all. Of the digits that every kind of secret may have. */
const mark = `c4a4e${randomBytes(6).toString('hex')}`;
const counted = 6;

/** A secret that the hub made or was given to be handed on, with the one place that tells it. */
interface Told {
  way: string;
  secret: string;
  places: Set<string>;
}

/** What was sent in and by which way, so that a find tells how it got there. */
export class CanaryBook {
  /** The way that is being gone. */
  way = '';
  readonly #ways: string[] = [];
  readonly #told = new Map<string, Told>();

  /** Fits where only digits and letters a to f do. */
  word(): string {
    this.#ways.push(this.way);
    return mark + String(this.#ways.length - 1).padStart(counted, '0');
  }

  /** With signs behind it that URLs, JSON and HTML write differently. */
  text = (): string => `${this.word()}"%/é<`;

  /** The secret is in this place rightly, and nowhere else. */
  tell(secret: string | undefined, place: string): void {
    if (!secret || secret.length < 16) throw new Error(`${this.way}: nothing was told in ${place}: ${secret}`);
    const told = this.#told.get(secret) ?? { way: this.way, secret, places: new Set() };
    this.#told.set(secret, told);
    told.places.add(place);
  }

  get counts(): { sent: number; told: number; ways: number } {
    return { sent: this.#ways.length, told: this.#told.size, ways: new Set(this.#ways).size };
  }

  /** By which ways something came here that should not be here. */
  found(place: string, bytes: Buffer): string[] {
    const foreign = [...this.#told.values()].filter(({ places }) => !places.has(place));
    const made = foreign.filter(({ secret }) => spellings(secret).some((each) => bytes.includes(each)));
    const told = new Set(
      [...this.#told.values()].filter(({ places }) => places.has(place)).map(({ secret }) => secret),
    );
    const sent = sightings(bytes).filter(({ word }) => ![...told].some((secret) => secret.includes(word)));
    const lines = [
      ...made.map(({ way, secret }) => `${way}, made${around(bytes, bytes.indexOf(secret))}`),
      ...sent.map(({ word, at }) => `${this.#ways[Number(word.slice(mark.length))] ?? '?'}${around(bytes, at)}`),
    ];
    return [...new Set(lines)];
  }
}

/** As it is, in hex, in base64 wherever it begins, and as V8 keeps texts that are not Latin. */
function spellings(word: string): Buffer[] {
  const bytes = Buffer.from(word);
  const base64 = (offset: number) =>
    Buffer.concat([Buffer.alloc(offset, '.'), bytes])
      .toString('base64')
      .slice(4, -4);
  return [
    bytes,
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()),
    ...[0, 1, 2].map((offset) => Buffer.from(base64(offset))),
    Buffer.from(word, 'utf16le'),
  ];
}

const marks = spellings(mark);
/** How each of them is read, and how many of the mark’s letters base64 hides in what stands before. */
const readings: [encoding: BufferEncoding, hidden: number][] = [
  ['latin1', 0],
  ['hex', 0],
  ['hex', 0],
  ['base64', 3],
  ['base64', 2],
  ['base64', 1],
  ['utf16le', 0],
];

/** Every canary in these bytes, in whichever spelling. */
function sightings(bytes: Buffer): { word: string; at: number }[] {
  const found = new Map<string, number>();
  for (const [index, [encoding, hidden]] of readings.entries()) {
    const spelling = marks[index] as Buffer;
    for (let at = bytes.indexOf(spelling); at >= 0; at = bytes.indexOf(spelling, at + 1)) {
      const near = bytes.subarray(at, at + 120);
      const text = encoding === 'utf16le' ? near.toString(encoding) : decoded(near.toString('latin1'), encoding);
      found.set(mark + text.slice(mark.length - hidden, mark.length - hidden + counted), at);
    }
  }
  return [...found].map(([word, at]) => ({ word, at }));
}

const decoded = (text: string, encoding: BufferEncoding) => Buffer.from(text, encoding).toString('latin1');

const around = (bytes: Buffer, at: number) =>
  at < 0
    ? ''
    : ` (…${bytes
        .subarray(Math.max(at - 60, 0), at + 40)
        .toString('latin1')
        .replace(/\s+/g, ' ')}…)`;
