import { type Static, Type } from '@sinclair/typebox';
import type { DriverRegistry } from '../../drivers/index.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { isSecret } from '../../lib/schema/shape.ts';

const closed = { additionalProperties: false };
const handlePattern = '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$';
const keyPattern = '^[a-z][a-z0-9-]{0,31}$';

/** What a connector's key in the file has to look like. */
export const isHandle = (text: string): boolean => text.length <= 32 && new RegExp(handlePattern).test(text);

const FileConnector = Type.Object(
  {
    entry: Type.String({
      minLength: 1,
      description: 'The key of the catalog entry, as the catalog’s address shows it.',
    }),
    name: Type.String({ minLength: 1, maxLength: 255, description: 'What people call it; unique in the workspace.' }),
    active: Type.Optional(Type.Boolean({ default: true, description: 'Whether it may be used; true when left out.' })),
    tags: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })),
    config: Type.Optional(Type.Object({}, { additionalProperties: true })),
    auth: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: 'Secrets as { env: NAME } or { file: path }.' }),
    ),
  },
  closed,
);

/** The file, before the services' own schemas look at `config` and `auth`. */
export const FileShape = Type.Object(
  {
    version: Type.Literal(1, { description: 'Of this format.' }),
    tenant: Type.String({ minLength: 1, description: 'The workspace: its short name, name or id.' }),
    source: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 80,
        description:
          'What the file calls itself, so that several files can each have connectors of a workspace; its own name when left out.',
      }),
    ),
    default_model_connector: Type.Optional(
      Type.String({ description: 'The handle of the connector that language models are asked through.' }),
    ),
    connectors: Type.Object(
      {},
      { additionalProperties: FileConnector, description: 'By handle, which tools, programs and files call it by.' },
    ),
  },
  closed,
);

export type FileDocument = Omit<Static<typeof FileShape>, 'connectors'> & {
  connectors: Record<string, Static<typeof FileConnector>>;
};

const reference: JsonSchema = {
  description: 'A secret never stands in the file: name the variable or the file that holds it.',
  oneOf: [
    {
      type: 'object',
      properties: { env: { type: 'string', description: 'A variable of whoever applies the file.' } },
      required: ['env'],
      ...closed,
    },
    {
      type: 'object',
      properties: {
        file: { type: 'string', description: 'A path, from the folder of this file when it is relative.' },
      },
      required: ['file'],
      ...closed,
    },
  ],
};

/** Where the hub serves it. */
export const schemaUrl = (baseUrl: string): string => `${baseUrl}/connectors-file.schema.json`;

/**
 * The schema for editors: the file with the fields of every entry, secrets as references.
 * @param options.own whether the operator’s own entries are shown; without, their keys are taken like any that could be one
 */
export function publishedSchema(drivers: DriverRegistry, id: string, { own }: { own: boolean }): JsonSchema {
  const { connectors, ...rest } = JSON.parse(JSON.stringify(FileShape.properties)) as Record<string, JsonSchema>;
  const shown = [...drivers.values()].filter(({ file }) => own || !file);
  const entries = shown.map(({ entry }) => entry);
  const known = { enum: entries.map(({ key }) => key) };
  const entry = shown.length < drivers.size ? { anyOf: [known, { type: 'string', pattern: keyPattern }] } : known;
  const connector = connectors?.additionalProperties as JsonSchema;
  const byEntry = entries.map(({ key, configSchema, authSchema }) => ({
    if: { properties: { entry: { const: key } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { config: asInFile(configSchema), auth: asInFile(authSchema) } },
  }));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: id,
    title: 'Connectors of a Patchbay workspace',
    type: 'object',
    properties: {
      ...rest,
      connectors: {
        ...connectors,
        propertyNames: { pattern: handlePattern, maxLength: 32 },
        additionalProperties: {
          ...connector,
          properties: { ...connector.properties, entry },
          allOf: byEntry,
        },
      },
    },
    required: FileShape.required ?? [],
    ...closed,
  };
}

/** A schema of ours with references for secrets, and without what the hub computes. */
function asInFile(schema: JsonSchema): JsonSchema {
  if (isSecret(schema)) return { title: schema.title, ...reference };
  const computed = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    field['x-readonly'] ? [key] : [],
  );
  const kept = Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-') && keyword !== 'discriminator');
  const copy: JsonSchema = Object.fromEntries(kept);
  if (schema.properties)
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).flatMap(([key, field]) =>
        computed.includes(key) ? [] : [[key, asInFile(field)]],
      ),
    );
  if (schema.required) copy.required = schema.required.filter((key) => !computed.includes(key));
  if (schema.oneOf) copy.oneOf = schema.oneOf.map(asInFile);
  if (schema.items) copy.items = asInFile(schema.items);
  return copy;
}
