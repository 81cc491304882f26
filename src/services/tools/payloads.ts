import { isTooMuch } from '../../lib/schema/limits.ts';
import { scrub } from '../../lib/scrub.ts';

const longestPayload = 20_000;

/** Without what looks like a secret, and not longer than what anybody reads. Of very much only the beginning is looked at. */
export function masked(value: unknown): unknown {
  const large = isTooMuch(value);
  const text = (JSON.stringify(scrub(large ? beginningOf(value, { left: mostKept }) : value)) ?? 'null').replace(
    unstorable,
    '$1\ufffd',
  );
  if (text.length <= longestPayload && !large) return JSON.parse(text);
  return {
    cut: `${text.slice(0, longestPayload).toWellFormed()}…`,
    ...(!large && { characters: text.length }),
  };
}

const mostKept = 1_000;

/** The first values of lists and objects, however deep they stand. */
function beginningOf(value: unknown, room: { left: number }): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (room.left <= 0) break;
    room.left -= 1;
    kept.push([key, beginningOf((value as Record<string, unknown>)[key], room)]);
  }
  return Array.isArray(value) ? kept.map(([, item]) => item) : Object.fromEntries(kept);
}

/** As JSON writes what PostgreSQL does not take: the character 0, and halves of characters. */
const unstorable = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][\da-f]{2})/g;
