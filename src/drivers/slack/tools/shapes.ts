import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import { type ExecutionContext, object, ServiceError, type Values } from '../../driver.ts';

export const channel: JsonSchema = {
  type: 'string',
  title: 'Channel',
  description: 'The channel’s ID; the default channel of the settings when left out.',
  maxLength: 21,
  pattern: '^[CDG][A-Z0-9]{8,20}$',
  'x-pattern-hint': 'be a channel ID such as C024BE91L, not the channel’s name',
};
export const ts: JsonSchema = {
  type: 'string',
  title: 'Message',
  description: 'The message’s timestamp, as posting it answered: such as 1405894322.002768.',
  maxLength: 30,
  pattern: '^[0-9]{1,13}\\.[0-9]{1,6}$',
  'x-pattern-hint': 'be a message’s timestamp such as 1405894322.002768',
};
export const text: JsonSchema = {
  type: 'string',
  title: 'Text',
  description: 'Slack’s mrkdwn. Write &amp;, &lt; and &gt; for &, < and >.',
  minLength: 1,
  maxLength: 40_000,
  'x-multiline': true,
};
export const cursor: JsonSchema = {
  type: 'string',
  title: 'Cursor',
  description: 'Of the next page, from the answer before.',
  maxLength: 500,
};
export const limit: JsonSchema = { type: 'integer', title: 'Per page', minimum: 1, maximum: 200, default: 100 };
export const open = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties });
export const input = (properties: Record<string, JsonSchema>, required: string[] = []) => object(properties, required);
export const posted = open({ channel: { type: 'string' }, ts: { type: 'string' } });

/** The channel that a call means. @throws ServiceError when neither the call nor the settings name one */
export function channelOf({ config }: ExecutionContext, given: Values): string {
  const id = given.channel ?? config.default_channel;
  if (typeof id === 'string' && id) return id;
  throw new ServiceError('input', 'Name a channel, or set a default one in the connector’s settings.', {
    field: 'channel',
  });
}

export const pick = (record: object | undefined, ...names: string[]): Values =>
  Object.fromEntries(names.map((name) => [name, (record as Values | undefined)?.[name] ?? null]));
