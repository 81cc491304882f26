import { isDeepStrictEqual } from 'node:util';

type Values = Record<string, unknown>;
interface Changeable {
  name: string;
  tags: string[];
  config: Values;
  auth: Values;
}

/** The dotted names of the fields that differ; for the audit row, which never holds values. */
export function changedFields(before: Changeable, after: Changeable): string[] {
  const pick = ({ name, tags, config, auth }: Changeable) => ({ name, tags, config, auth });
  return difference(pick(before), pick(after), '');
}

function difference(before: unknown, after: unknown, path: string): string[] {
  if (isPlain(before) && isPlain(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => difference(before[key], after[key], path ? `${path}.${key}` : key));
  }
  // The database keeps the keys of objects in an order of its own.
  return isDeepStrictEqual(before, after) ? [] : [path];
}

/** An envelope counts as one field. */
const isPlain = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('$sealed' in value);
