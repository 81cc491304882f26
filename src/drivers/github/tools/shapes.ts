import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import { type ExecutionContext, object, ServiceError, type Values } from '../../driver.ts';
import { ask, hasNext } from '../client.ts';

// What the tools have in common: the fields of their inputs, and how their answers are cut down to what a caller needs.

const login = '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$';

export const owner: JsonSchema = {
  type: 'string',
  title: 'Owner',
  description: 'The user or organisation that the repository belongs to; the one of the settings when left out.',
  maxLength: 39,
  pattern: login,
  'x-pattern-hint': 'be a GitHub login: letters, digits and inner hyphens',
};
export const repo: JsonSchema = {
  type: 'string',
  title: 'Repository',
  description: 'The repository’s name, without its owner.',
  minLength: 1,
  maxLength: 100,
  pattern: '^[A-Za-z0-9._-]+$',
  'x-pattern-hint': 'be a repository’s name: letters, digits, dots, hyphens and underscores',
};
export const number: JsonSchema = {
  type: 'integer',
  title: 'Number',
  description: 'The number after the #.',
  minimum: 1,
};
export const text = (title: string, description: string, maxLength = 65_536): JsonSchema => ({
  type: 'string',
  title,
  description,
  maxLength,
  ...(maxLength > 1_000 && { 'x-multiline': true }),
});
export const paging: Record<string, JsonSchema> = {
  page: { type: 'integer', title: 'Page', description: 'From 1 on.', minimum: 1, maximum: 1_000, default: 1 },
  per_page: { type: 'integer', title: 'Per page', minimum: 1, maximum: 100, default: 30 },
};

export const listOf = (items: JsonSchema): JsonSchema =>
  object({ items: { type: 'array', items }, has_more: { type: 'boolean' } }, ['items', 'has_more']);
export const open = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties });
const string: JsonSchema = { type: 'string' };
export const shapes = {
  user: open({ login: string, id: { type: 'integer' }, name: { type: ['string', 'null'] } as never, html_url: string }),
  repository: open({ full_name: string, private: { type: 'boolean' }, default_branch: string, html_url: string }),
  issue: open({ number: { type: 'integer' }, title: string, state: string, html_url: string }),
  comment: open({ id: { type: 'integer' }, html_url: string }),
  file: open({ path: string, sha: string, text: string }),
};

/** Picks these members of a record; a user is cut down to the login. */
export const pick =
  (...names: string[]) =>
  (record: unknown): Values =>
    Object.fromEntries(
      names.map((name) => {
        const value = (record as Values | null)?.[name];
        return [name, isUser(value) ? value.login : (value ?? null)];
      }),
    );
const isUser = (value: unknown): value is { login: string } =>
  typeof value === 'object' && value !== null && 'login' in value && 'node_id' in value;

/** Owner and name of the repository that a call means. @throws ServiceError when neither the call nor the settings name an owner */
export function repositoryOf({ config }: ExecutionContext, input: Values): { owner: string; repo: string } {
  const name = input.owner ?? config.owner;
  if (typeof name !== 'string' || !name)
    throw new ServiceError('input', 'Name the owner of the repository, or set one in the connector’s settings.', {
      field: 'owner',
    });
  return { owner: name, repo: String(input.repo) };
}

/** A page of a list, with whether there is more. */
export async function listPage(
  context: ExecutionContext,
  route: string,
  parameters: Values,
  shape: (record: unknown) => Values,
) {
  const answer = await ask(context, route, parameters);
  const data = Array.isArray(answer.data) ? answer.data : (answer.data as { items: unknown[] }).items;
  return { items: data.map(shape), has_more: hasNext(answer) };
}

/** Gives a tool its input schema: these properties, in this order. */
export const input = (properties: Record<string, JsonSchema>, required: string[] = []) => object(properties, required);
