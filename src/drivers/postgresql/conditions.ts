import { ServiceError } from '../driver.ts';
import type { Text } from './session.ts';
import { columnOf, type Table } from './tables.ts';
import type { Work } from './transaction.ts';
import { encode, textArray } from './values.ts';

const comparisons = new Set(['=', '!=', '<', '<=', '>', '>=', 'like', 'not_like', 'ilike', 'not_ilike']);
const operators = [...comparisons, 'in', 'not_in', 'is_null', 'is_not_null'];
const longest = 200;
const deepest = 5;

/** A condition as SQL, with its values as parameters that are added to the list. */
export class Conditions {
  readonly #table: Table;
  readonly #types: Work['types'];
  readonly #parameters: Text[];
  #count = 0;

  constructor(table: Table, { types }: Work, parameters: Text[]) {
    this.#table = table;
    this.#types = types;
    this.#parameters = parameters;
  }

  /**
   * `{column, operator, value}`, or `{and: […]}` or `{or: […]}` of these.
   * @throws ServiceError `input` with the place
   */
  sql(condition: unknown, at = 'arguments.where', depth = 1): string {
    this.#count += 1;
    if (this.#count > longest) throw wrong(at, `A condition has at most ${longest} parts.`);
    if (depth > deepest) throw wrong(at, `A condition is nested ${deepest} times at most.`);
    const parts = partsOf(condition, at);
    if (parts.word === 'comparison') return this.#comparison(parts.condition, at);
    const inner = parts.list.map((each, index) => this.sql(each, `${at}.${parts.word}.${index}`, depth + 1));
    return `(${inner.join(` ${parts.word} `)})`;
  }

  #comparison({ column: name, operator, value }: Record<string, unknown>, at: string): string {
    if (typeof name !== 'string') throw wrong(`${at}.column`, 'Name a column.');
    if (typeof operator !== 'string' || !operators.includes(operator))
      throw wrong(`${at}.operator`, `The operator is one of ${operators.join(' ')}.`);
    const column = columnOf(this.#table, name, `${at}.column`);
    const left = `t.${quotedColumn(column.name)}`;
    if (operator === 'is_null' || operator === 'is_not_null') {
      if (value !== undefined && value !== null) throw wrong(`${at}.value`, `${operator} takes no value.`);
      return `${left} ${operator === 'is_null' ? 'is null' : 'is not null'}`;
    }
    if (operator === 'in' || operator === 'not_in') return this.#list({ column, left, operator, value }, at);
    if (value === null || value === undefined) throw wrong(`${at}.value`, 'Use is_null or is_not_null for null.');
    const text = encode(this.#types, column.type, value, name);
    const like = operator.endsWith('like');
    return like
      ? `${left}::text ${operator.replace('_', ' ')} ${this.#add(text)}::text`
      : `${left} ${operator === '!=' ? '<>' : operator} ${this.#add(text)}::text::${column.castType}`;
  }

  #list(
    {
      column,
      left,
      operator,
      value,
    }: { column: { name: string; type: number; castType: string } } & Record<string, unknown>,
    at: string,
  ): string {
    if (!Array.isArray(value) || !value.length) throw wrong(`${at}.value`, `${operator} takes a list of values.`);
    if (value.includes(null)) throw wrong(`${at}.value`, 'Use is_null or is_not_null for null.');
    const texts = value.map((each) => encode(this.#types, column.type, each, column.name));
    const list = `(select v::${column.castType} from unnest(${this.#add(textArray(texts))}::text[]) as v)`;
    return `${left} ${operator === 'in' ? 'in' : 'not in'} ${list}`;
  }

  #add(text: Text): string {
    this.#parameters.push(text);
    return `$${this.#parameters.length}`;
  }
}

const quotedColumn = (name: string) => `"${name.replaceAll('"', '""')}"`;

type Parts = { word: 'and' | 'or'; list: unknown[] } | { word: 'comparison'; condition: Record<string, unknown> };

function partsOf(condition: unknown, at: string): Parts {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition))
    throw wrong(at, 'A condition is {column, operator, value}, {and: […]} or {or: […]}.');
  const keys = Object.keys(condition);
  const [word] = keys;
  const values = condition as Record<string, unknown>;
  if (word === 'and' || word === 'or') {
    const list = values[word];
    if (keys.length > 1 || !Array.isArray(list) || !list.length)
      throw wrong(at, `“${word}” stands alone, with a list of one condition or more.`);
    return { word, list };
  }
  const strange = keys.find((key) => !['column', 'operator', 'value'].includes(key));
  if (strange !== undefined || !keys.length)
    throw wrong(at, 'A condition is {column, operator, value}, {and: […]} or {or: […]}.');
  return { word: 'comparison', condition: values };
}

const wrong = (field: string, message: string) => new ServiceError('input', message, { field });
