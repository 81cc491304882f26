import { type Template, textWith } from '../lib/declarative/templates.ts';
import { fitsHeader } from '../lib/header-text.ts';
import type { At, Reading, Scope } from './declarative-reading.ts';

/** Headers that describe the message, prove the account, or lead elsewhere are the hub's own affair. */
const ownHeaders = new Set([
  ...[
    'authorization',
    'proxy-authorization',
    'cookie',
    'cookie2',
    'host',
    'content-length',
    'content-type',
    'transfer-encoding',
  ],
  ...[
    'connection',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'expect',
    'accept-encoding',
    'forwarded',
    'x-forwarded-for',
  ],
]);
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

export function compileHeaders(
  reading: Reading,
  given: Record<string, string> | undefined,
  at: At,
  scope: Scope,
): [string, Template][] {
  return Object.entries(given ?? {}).map(([name, text]) => {
    const place = [...at, name];
    if (!headerName.test(name)) reading.problem(place, 'HTTP allows no header of this name.');
    else if (ownHeaders.has(name.toLowerCase()))
      reading.problem(place, 'The hub sets this header itself. Leave it out; credentials go under auth.');
    else if (isCredential(reading, 'header', name))
      reading.problem(place, 'This header carries the credential. Leave it out.');
    const template = reading.template(text, place, scope);
    if (!fitsHeader(textWith(template, {}, () => '')))
      reading.problem(place, 'It has a character that no HTTP header can carry.');
    return [name, template];
  });
}

/** Whether the credential of one of the methods stands there. */
export function isCredential(reading: Reading, where: 'header' | 'query', name: string): boolean {
  const same = (own: string) => (where === 'header' ? own.toLowerCase() === name.toLowerCase() : own === name);
  return reading.description.auth.some(
    (auth) => auth.method === 'api_key' && (auth.in ?? 'header') === where && same(auth.name ?? 'Authorization'),
  );
}
