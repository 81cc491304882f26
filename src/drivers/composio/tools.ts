import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import type { BrokerPage, BrokerTool, Values } from '../driver.ts';
import { cursorIn, items, line, lines, lowerSlug, prose, record, slug } from './read.ts';
import { readSchema } from './schemas.ts';

/** Everything but what says that it only reads, and does not also say the opposite, may change something. */
function sideEffectOf(tags: string[]): BrokerTool['sideEffect'] {
  const changes = ['destructiveHint', 'createHint', 'updateHint', 'deleteHint'];
  return tags.includes('readOnlyHint') && !tags.some((tag) => changes.includes(tag)) ? 'none' : 'write';
}

const open = (): JsonSchema => ({ type: 'object' });

function tool(item: Values): BrokerTool | null {
  const key = slug(item.slug);
  if (!key) return null;
  const input = readSchema(item.input_parameters);
  const output = readSchema(item.output_parameters);
  const version = slug(item.version);
  const pinned = version === 'latest' ? null : version;
  return {
    slug: key.toLowerCase(),
    key,
    toolkit: lowerSlug(record(item.toolkit).slug) ?? key.toLowerCase().split('_')[0] ?? '',
    title: line(item.name) || key,
    description: prose(item.human_description, 2000) || prose(item.description, 2000),
    input: 'schema' in input ? input.schema : open(),
    output: 'schema' in output ? output.schema : open(),
    version: pinned,
    sideEffect: sideEffectOf(lines(item.tags)),
    scopes: lines(item.scopes),
    noAuth: item.no_auth === true,
    deprecated: item.is_deprecated === true,
    unusable: unusable(input, pinned),
  };
}

function unusable(input: ReturnType<typeof readSchema>, version: string | null): string | null {
  if ('reason' in input) return `The schema of its input is refused: ${input.reason}`.slice(0, 300);
  return version ? null : 'Composio names no version of it, so what it does could change at any time.';
}

export const tools = (answer: unknown): BrokerPage<BrokerTool> => ({
  items: items(record(answer).items, tool),
  nextCursor: cursorIn(answer),
});
