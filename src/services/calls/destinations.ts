/**
 * Where a connector's secrets may go: to the origins that each of them was entered for, as far as the driver still names them.
 * Entries are origins, or an origin with a mark that says how it is trusted or what it is for: words after a space, or a query such as
 * `?sslmode=require`.
 */
export interface Destinations {
  /** Whether requests with the credential may go to this origin. */
  allows(origin: string): boolean;
  /** Whether the client's secret and refresh tokens may go to this origin: a token endpoint may be marked as one. */
  allowsTokens(origin: string): boolean;
}

const forTokens = ' for tokens';

/**
 * @param current what the driver names for the settings as they are now
 * @param sealed what was sealed with each secret that the call carries
 */
export function destinationGuard(current: string[], sealed: string[][]): Destinations {
  const known = new Set(current);
  const entered = (entry: string) => known.has(entry) && sealed.every((set) => set.includes(entry));
  /** Every mark of the origin that is in force now has to be among those that the secret was entered under. */
  const marksHold = (origin: string) =>
    current.filter((entry) => marks(entry, origin) && entry !== origin + forTokens).every(entered);
  return {
    allows: (origin) => entered(origin) && marksHold(origin),
    allowsTokens: (origin) => (entered(origin) || entered(origin + forTokens)) && marksHold(origin),
  };
}

/** Where both may go. */
export const bothOf = (one: Destinations, other: Destinations): Destinations => ({
  allows: (origin) => one.allows(origin) && other.allows(origin),
  allowsTokens: (origin) => one.allowsTokens(origin) && other.allowsTokens(origin),
});

const marks = (entry: string, origin: string) => entry.startsWith(`${origin} `) || entry.startsWith(`${origin}?`);
