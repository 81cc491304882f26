/**
 * Somebody else's text as one line for people: without control characters, line breaks and marks that turn the rest around.
 * @param most characters; what is longer ends in …
 */
export function oneLine(text: string, most = 255): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
  return line.length > most ? `${line.slice(0, most - 1).toWellFormed()}…` : line;
}
