import type { JsonSchema } from '../schema/json-schema.ts';

/**
 * A secret as it was meant. Tokens are copied with a space, quotes or the header’s “Bearer” around them, and the dots of
 * the field hide that. Only where the schema says how the secret looks: a password may begin with a space.
 */
export function asMeant(schema: JsonSchema, text: string): string {
  if (!schema.pattern || schema['x-multiline']) return text;
  const fits = new RegExp(schema.pattern, 'u');
  const trimmed = text.trim();
  return [trimmed, bare(trimmed)].find((each) => each && fits.test(each)) ?? text;
}

const bare = (text: string) =>
  text
    .replace(/^(["'`])(.*)\1$/, '$2')
    .replace(/^(authorization:\s*)?(bearer|token)\s+/i, '')
    .trim();
