import { ServiceError } from '../driver.ts';
import type { Text } from './session.ts';
import { type PgType, plainType } from './types.ts';

type Types = Map<number, PgType>;
const json = new Set(['json', 'jsonb']);
const small = new Set(['int2', 'int4', 'oid']);
const floats = new Set(['float4', 'float8']);

/** A value of the server as JSON has it, without loss: what JavaScript's numbers cannot hold stays text. */
export function decode(types: Types, number: number, text: Text): unknown {
  if (text === null) return null;
  const type = plainType(types, number);
  if (!type) return text;
  if (type.element) return decodeArray(types, type, text);
  if (type.name === 'bool') return text === 't';
  if (small.has(type.name)) return Number(text);
  if (floats.has(type.name)) return Number.isFinite(Number(text)) ? Number(text) : text;
  if (json.has(type.name)) return readJson(text);
  if (type.name === 'bytea') return Buffer.from(text.slice(2), 'hex').toString('base64');
  if (type.name === 'timestamp') return text.replace(/^(\d+-\d\d-\d\d) /, '$1T');
  if (type.name === 'timestamptz') return isoWithZone(text);
  return text;
}

const isoWithZone = (text: string) =>
  text.replace(/^(\d+-\d\d-\d\d) ([\d:.]+)([+-]\d\d)(:\d\d)?/, (_, day, time, hours, minutes = ':00') => {
    const zone = `${hours}${minutes}`;
    return `${day}T${time}${zone === '+00:00' ? 'Z' : zone}`;
  });

/** Numbers that would change when read become text. */
function readJson(text: string): unknown {
  const keep = (_key: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined && !holds(value, source) ? source : value;
  return JSON.parse(text, keep as never);
}

const holds = (value: number, source: string) =>
  Number.isFinite(value) &&
  (Number.isInteger(value) ? exactInteger(value, source) : digits(String(value)) === digits(source));
const exactInteger = (value: number, source: string) =>
  Number.isSafeInteger(value) && (/^-?\d+$/.test(source) || digits(String(value)) === digits(source));
/** The digits that count, whatever the notation. */
const digits = (text: string) =>
  text
    .replace(/e.*$/i, '')
    .replace(/[.-]/g, '')
    .replace(/^0+|0+$/g, '');

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function decodeArray(types: Types, { element, delimiter }: PgType, text: string): unknown {
  if (!text.startsWith('{')) return text; // bounds of its own, [0:2]={…}, have no place in JSON
  let at = 0;
  const list = (): unknown[] => {
    const items: unknown[] = [];
    at += 1;
    while (text[at] !== '}') {
      items.push(item());
      if (text[at] === delimiter) at += 1;
    }
    at += 1;
    return items;
  };
  const item = (): unknown => {
    if (text[at] === '{') return list();
    if (text[at] === '"') return decode(types, element ?? 0, quoted());
    const start = at;
    while (text[at] !== delimiter && text[at] !== '}') at += 1;
    const bare = text.slice(start, at);
    return bare === 'NULL' ? null : decode(types, element ?? 0, bare);
  };
  const quoted = (): string => {
    let value = '';
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  };
  return list();
}

/**
 * A value of JSON as the server reads it.
 * @param place what to call the value in a message
 * @throws ServiceError `input`
 */
export const encode = (types: Types, number: number, value: unknown, place: string): Text =>
  encoder(types, number, place)(value);

/** How values are written for this type, for those who have many of them. What it gives throws as `encode` does. */
export function encoder(types: Types, number: number, place: string): (value: unknown) => Text {
  const type = plainType(types, number);
  const write = writer(types, type, place);
  return (value) => (value === null || value === undefined ? null : write(value));
}

function writer(types: Types, type: PgType | undefined, place: string): (value: unknown) => string {
  if (type && json.has(type.name)) return (value) => JSON.stringify(value);
  const isFloat = floats.has(type?.name ?? '');
  const isBytes = type?.name === 'bytea';
  return (value) => {
    if (typeof value === 'string') return isBytes ? bytes(value, place) : whole(value, place);
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'number') return isFloat ? String(value) : exact(value, place);
    if (type?.element && Array.isArray(value)) return encodeArray(types, type, value, place);
    throw wrong(place, `a ${type?.name ?? 'value'} is expected, and no ${Array.isArray(value) ? 'list' : 'object'}`);
  };
}

const encodeArray = (types: Types, type: PgType, items: unknown[], place: string): string =>
  `{${items.map((each) => encodeItem(types, type, each, place)).join(type.delimiter)}}`;

function encodeItem(types: Types, type: PgType, value: unknown, place: string): string {
  const inner = type.element ?? 0;
  if (Array.isArray(value) && !json.has(plainType(types, inner)?.name ?? ''))
    return encodeArray(types, type, value, place);
  return arrayItem(encode(types, inner, value, place));
}

/** A value within an array, as the server reads it. */
export function arrayItem(text: Text): string {
  if (text === null) return 'NULL';
  // Looking first is several times quicker than replacing nothing.
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** An array of texts, as the server reads it. */
export const textArray = (items: Text[]): string => `{${items.map(arrayItem).join()}}`;

const marked = /[\\\t\n\r]/;
const marks: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in a line of COPY: https://www.postgresql.org/docs/current/sql-copy.html, text format. */
export function copyText(text: Text): string {
  if (text === null) return '\\N';
  return marked.test(text) ? text.replace(/[\\\t\n\r]/g, (mark) => marks[mark] ?? mark) : text;
}

function whole(value: string, place: string): string {
  if (value.includes('\0')) throw wrong(place, 'PostgreSQL cannot store the character with the number 0');
  return value;
}

function bytes(value: string, place: string): string {
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw wrong(place, 'bytes are given as base64');
  return `\\x${Buffer.from(value, 'base64').toString('hex')}`;
}

/** What JavaScript has rounded already is nobody's number. */
function exact(value: number, place: string): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw wrong(place, 'give a number of this size as text');
  return String(value);
}

const wrong = (place: string, what: string) => new ServiceError('input', `${place}: ${what}.`);
