/** Apps on a device get these opened, although RFC 8252 wants the reverse of a domain as a scheme. */
const knownSchemes = ['cursor:', 'vscode:', 'vscode-insiders:', 'windsurf:'];
const loopback = ['127.0.0.1', '[::1]', 'localhost'];

const maxAddress = 1_000;

/**
 * Why the browser is not to be sent there with a code; null when it may. What may: https, http on the person’s own machine, and schemes
 * of apps (RFC 8252), which have a dot. No address may be two things to two readers: no credentials, no fragment, nothing that is encoded twice.
 */
export function redirectProblem(address: unknown): string | null {
  if (typeof address !== 'string' || !/^[\x21-\x7e]+$/.test(address) || address.length > maxAddress)
    return `A redirect URI is at most ${maxAddress} plain characters.`;
  const url = URL.parse(address);
  if (!url) return 'A redirect URI has to be a whole address.';
  if (/[#\\<>"`{}|^]/.test(address))
    return 'A redirect URI has no fragment, and no characters that have to be encoded.';
  if (url.username || url.password || /^[^/?]*\/\/[^/?]*@/.test(address))
    return 'A redirect URI has no user name in it.';
  if (/^https?:/.test(url.protocol) && !/^https?:\/\/[^/]/i.test(address))
    return 'A redirect URI has to be a whole address.';
  if (url.protocol === 'https:') return url.hostname.includes('*') ? 'A redirect URI names one host.' : null;
  if (url.protocol === 'http:')
    return loopback.includes(url.hostname)
      ? null
      : 'Over http, a redirect URI may only lead to 127.0.0.1, [::1] or localhost.';
  return url.protocol.includes('.') || knownSchemes.includes(url.protocol)
    ? null
    : 'A redirect URI is https, http on loopback, or a scheme of an app with a dot in it.';
}

/** Whether the app registered this address: to the letter, but for the port on loopback, which programs get anew each time (RFC 8252, 7.3). */
export const isRegistered = (registered: string[], asked: string): boolean =>
  registered.some(
    (each) => each === asked || (isLoopback(each) && isLoopback(asked) && portless(each) === portless(asked)),
  );

function isLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'http:' && loopback.includes(url.hostname) && !redirectProblem(address);
}

const portless = (address: string) => address.replace(/^(http:\/\/(?:\[::1\]|[^/:?]+)):\d*/, '$1');

/** Where it leads, for people: the host, or the scheme of the app. */
export function hostOf(address: string): string {
  const { protocol, host } = new URL(address);
  if (protocol === 'https:' || protocol === 'http:') return host;
  return host ? `${protocol}//${host}` : protocol;
}

/** Where it leads, as a policy for forms has it. Browsers hold it for what comes after as well, and sites send people on. */
export function policyOf(address: string): string {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:') return 'https:';
  if (protocol !== 'http:') return `https: ${protocol}`;
  return hostname === '[::1]' ? 'https: http:' : `https: http://${hostname}:*`; // policies know no IPv6
}

export const isOnThisDevice = (address: string) => new URL(address).protocol !== 'https:';

/** The address with what is to be told there. */
export function withAnswer(address: string, values: Record<string, string | null>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(values)) if (value !== null) url.searchParams.append(name, value);
  return url.href;
}
