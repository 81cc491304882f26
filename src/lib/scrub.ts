const hidden = '[redacted]';
const deepest = 20;

/**
 * A copy of the value that is safe to log: values under secret names are replaced at any depth, text is cleaned of
 * credentials in URLs and pairs, errors keep what helps (type, message, code, stack, cause) and lose the rest.
 */
export function scrub(value: unknown): unknown {
  return copy(value, 0, new Set());
}

/**
 * JSON for people who decide by what they read: a secret is one word. What is more is shown, whatever stands before it, and nothing is cut;
 * or whoever is judged could choose what is not seen.
 */
export const scrubWords = (value: unknown, isNamed = false): unknown => {
  if (typeof value === 'string') return isNamed && isWord(value) ? hidden : withoutWords(value);
  if (typeof value !== 'object' || value === null) return isNamed ? hidden : value;
  if (Array.isArray(value)) return value.map((item) => scrubWords(item, isNamed));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [withoutWords(key), scrubWords(item, isNamed || hides(key, item))]),
  );
};

const isWord = (text: string) => /^\S{1,500}$/.test(text);

/** To look through more would take the time of others. */
const withoutWords = (text: string) => (text.length > longest ? text : cleaned(text, isWord));

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (value === null || typeof value !== 'object') return value;
  if (depth > deepest) return '[too deep]';
  if (above.has(value)) return '[circular]';
  above.add(value);
  try {
    return copyObject(value, depth + 1, above);
  } catch {
    return '[unreadable]'; // a getter or toJSON that throws must not cost the log line
  } finally {
    above.delete(value);
  }
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (value instanceof Error) return copyError(value, depth, above);
  if (Array.isArray(value)) return value.map((item) => copy(item, depth, above));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return cleanText(value.href);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams)
    return copyEntries(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
      above,
    );
  if (value instanceof Set) return [...value].map((item) => copy(item, depth, above));
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), depth, above);
  return copyEntries(Object.entries(value), depth, above);
}

function copyEntries(entries: [string, unknown][], depth: number, above: Set<object>) {
  const result: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    const name = cleanText(key);
    const cleaned = hides(key, item) ? hidden : copy(item, depth, above);
    if (name === '__proto__') own(result, name, cleaned);
    else result[name] = cleaned;
  }
  return result;
}

/** As a property like any other, whatever the name. */
const own = (result: object, name: string, value: unknown) =>
  Object.defineProperty(result, name, { value, enumerable: true, configurable: true, writable: true });

/** Drivers and the query builder hang statements, parameters and whole requests on their errors: only these are kept. */
const errorFields = ['code', 'status', 'errno', 'syscall', 'severity', 'constraint_name', 'table_name', 'retryAfter'];

function copyError(error: Error, depth: number, above: Set<object>) {
  const result: Record<string, unknown> = { type: error.name, message: cleanText(withoutParameters(error)) };
  const fields = error as unknown as Record<string, unknown>;
  for (const name of errorFields) {
    const field = fields[name];
    if (typeof field === 'string' || typeof field === 'number') result[name] = copy(field, depth, above);
  }
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)); // the lines before repeat the message
  if (frames?.length) result.stack = cleanText(frames.map((line) => line.trim()).join('\n'));
  if (error instanceof AggregateError) result.errors = copy(error.errors, depth, above);
  if (error.cause !== undefined) result.cause = copy(error.cause, depth, above);
  return result;
}

/** The query builder writes a failed statement's parameters into the message. */
const withoutParameters = (error: Error) => String(error.message).replace(/\nparams: [\s\S]*$/, '');

const secretName =
  /^(auth|pin|pwd|dsn|otp|sid)$|^(authorization|proxy-authorization|cookies?|set-cookie)$|token|secret|passw|passphrase|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key|master[-_. ]?keys?|signing[-_. ]?key|credential|database_(admin_)?url|sealed|wrapped|signature|bearer/i;
const seen = new Map<string, boolean>();

function isSecretName(name: string): boolean {
  const known = seen.get(name);
  if (known !== undefined) return known;
  const answer = secretName.test(name) || secretName.test(decoded(name));
  if (seen.size < 5_000) seen.set(name, answer); // names come from outside: the memory is bounded
  return answer;
}

/** Whether a secret is set, and how many tokens a model used, are no secrets. */
function hides(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false;
  if (typeof value === 'number' && /tokens/i.test(name)) return false;
  return isSecretName(name);
}

// Whoever calls can choose what is logged: every repetition is bounded or cannot start again inside itself.
const userInfo = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]*@/gi;
const bearer = /\bbearer\s{1,9}[\w.~+/=-]{6,}/gi;
const basic = /\bbasic\s{1,9}([\w+/=-]{6,})/gi;
const assignment = /([\w.%[\]-]{2,64})=("[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s&;,"'<>]+)/g;
const quotedPair =
  /(["'])([\w.%-]{2,64})\1\s{0,9}:\s{0,9}("(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|[^\s,}\]]+)/g;
const headerLine = /\b([a-z]{1,30}(?:-[a-z]{1,30}){1,5}|authorization|cookie)\s{0,9}:\s{0,9}[^\r\n]+/gi;

const longest = 10_000;

/** Takes credentials out of text: user info and secret parameters of URLs, bearer and basic headers, `name=value` pairs. */
export function cleanText(text: string): string {
  if (text.length > longest) return `${cleanText(beginning(text))}… [${text.length} characters]`;
  return cleaned(text);
}

/** @param mayHide what a secret can look like */
function cleaned(text: string, mayHide: (secret: string) => boolean = () => true): string {
  if (!/[=:\s]/.test(text)) return text;
  const hide = (all: string, name: string, shown: string) =>
    isSecretName(name) && mayHide(valueIn(all, name)) ? shown : all;
  return text
    .replace(userInfo, (all, scheme: string) => (mayHide(all) ? `${scheme}${hidden}@` : all))
    .replace(bearer, (all) => (mayHide(all.replace(/^\w+\s+/, '')) ? `Bearer ${hidden}` : all))
    .replace(basic, (all, value: string) => (decodesToPair(value) && mayHide(value) ? `Basic ${hidden}` : all))
    .replace(headerLine, (all, name: string) => hide(all, name, `${name}: ${hidden}`))
    .replace(quotedPair, (all, quote: string, name: string) =>
      hide(all, name, `${quote}${name}${quote}:${quote}${hidden}${quote}`),
    )
    .replace(assignment, (all, name: string) => hide(all, name, `${name}=${hidden}`));
}

/** What follows the name, without what stands between and around. */
const valueIn = (all: string, name: string) =>
  all
    .slice(all.indexOf(name) + name.length)
    .replace(/^["'\s]*[:=]\s*["']?/, '')
    .replace(/["']$/, '');

/** Cut where no URL's user info is cut in two: without its @ it would not be known as such. */
function beginning(text: string): string {
  const cut = text.slice(0, longest);
  return cut.slice(0, Math.max(...[' ', '\n', '/', '?'].map((sign) => cut.lastIndexOf(sign))) + 1);
}

const decodesToPair = (value: string) => Buffer.from(value, 'base64').toString('latin1').includes(':');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
