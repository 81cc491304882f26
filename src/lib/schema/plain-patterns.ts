/** So often a text may have to be gone through. */
const mostWays = 20_000;
/** Without an end of their own, repetitions end with the field. */
const longestField = 4_096;

/**
 * Why a pattern that somebody wrote cannot be trusted with a field, or null: matched from its beginning, without groups and choices, it
 * can be tried in so many ways only as its repetitions have together.
 */
export function whyNotPlain(pattern: string, maxLength = longestField): string | null {
  if (!/^\^.*\$$/s.test(pattern)) return 'has to begin with ^ and end with $';
  if (!compiles(pattern)) return 'does not compile with the u flag';
  const bare = pattern.replace(/\\[\s\S]/g, '_').replace(/\[[^\]]*\]/g, '_');
  if (/[(|]/.test(bare)) return 'may have no groups and no |; list what is allowed as enum';
  if (/\\[1-9k]/.test(pattern)) return 'may not refer back';
  const ways = [...bare.matchAll(/[*+?]|\{(\d+)(?:(,)(\d*))?\}/g)].reduce(
    (product, [sign, least = '', comma, most]) => product * waysOf(sign, least, comma, most, maxLength),
    1,
  );
  return ways > mostWays
    ? 'repeats too much in a row; give repetitions an end such as {1,64}, or lower maxLength'
    : null;
}

/** In how many ways one repetition can take a text. */
function waysOf(sign: string, least: string, comma: string | undefined, most: string | undefined, maxLength: number) {
  if (sign === '?') return 2;
  if (sign.length === 1 || (comma && !most)) return maxLength;
  return most ? Math.max(1, Number(most) - Number(least) + 1) : 1;
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'));
  } catch {
    return false;
  }
}
