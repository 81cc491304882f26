import type { JsonSchema } from '../lib/schema/json-schema.ts';
import { lintSchema } from '../lib/schema/lint.ts';
import { baseType, isObject } from '../lib/schema/shape.ts';
import { authMethods, authTypes, type CatalogEntry, categories, type Driver } from './driver.ts';

/** Everything that is wrong with a driver's folder, as sentences; empty when it is fit to use. */
export function problemsOf(folder: string, driver: unknown, icon: string | null): string[] {
  if (!isDriver(driver)) return ['index.ts must export "driver", made by defineDriver.', ...iconProblems(icon)];
  const { entry } = driver;
  return [
    ...entryProblems(folder, entry),
    ...methodProblems(entry),
    ...migrationProblems(driver),
    ...toolProblems(driver),
    ...browseProblems(driver),
    ...(entry.authMethods.includes('oauth2') && !driver.oauth ? ['authMethods offers oauth2, so it needs oauth.'] : []),
    ...(!entry.capabilities.llm === !driver.llm ? [] : ['capabilities.llm and llm belong together.']),
    ...lintSchema(entry.configSchema).map((problem) => `configSchema ${problem}`),
    ...lintSchema(entry.authSchema).map((problem) => `authSchema ${problem}`),
    ...endlessTexts(entry.configSchema).map((path) => `configSchema ${path}: needs maxLength.`),
    ...endlessTexts(entry.authSchema).map((path) => `authSchema ${path}: needs maxLength.`),
    ...iconProblems(icon),
  ];
}

function isDriver(driver: unknown): driver is Driver {
  const candidate = driver as Partial<Driver> | undefined;
  return (
    typeof candidate?.entry === 'object' &&
    typeof candidate.destinations === 'function' &&
    typeof candidate.needsConnection === 'function' &&
    isSchema(candidate.entry.configSchema) &&
    isSchema(candidate.entry.authSchema)
  );
}

const isSchema = (schema: JsonSchema | undefined) => typeof schema === 'object' && schema !== null;

function entryProblems(folder: string, entry: CatalogEntry): string[] {
  const rules: [boolean, string][] = [
    [entry.key === folder, `its key is "${entry.key}" and must equal the folder's name.`],
    [/^[a-z][a-z0-9-]{0,31}$/.test(entry.key), 'its key may have a-z, 0-9 and hyphens only, at most 32.'],
    [within(entry.name, 255), 'its name must have 1 to 255 characters.'],
    [within(entry.description, 500), 'its description must have 1 to 500 characters.'],
    [categories.includes(entry.category), `its category must be one of ${categories.join(', ')}.`],
    [authTypes.includes(entry.authType), `its authType must be one of ${authTypes.join(', ')}.`],
    [Number.isInteger(entry.schemaVersion) && entry.schemaVersion > 0, 'its schemaVersion must be 1 or more.'],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

const within = (text: unknown, max: number) => typeof text === 'string' && text.trim() !== '' && text.length <= max;

/** The variants of the auth schema and the methods that the entry announces are the same, in the same order. */
function methodProblems({ authSchema, authMethods: announced }: CatalogEntry): string[] {
  const offered = (authSchema.oneOf ?? []).map((variant) => variant.properties?.method?.const);
  if (authSchema.discriminator?.propertyName !== 'method' || !offered.length)
    return ['authSchema must have oneOf variants told apart by "method".'];
  const problems: string[] = [];
  if (offered.join() !== announced.join())
    problems.push(`authMethods says ${announced.join(', ')}, but authSchema offers ${offered.join(', ')}.`);
  if (announced.some((method) => !authMethods.includes(method)))
    problems.push(`authMethods may name only ${authMethods.join(', ')}.`);
  return problems;
}

/** The dotted paths of texts that may be as long as a body may be. */
function endlessTexts(schema: JsonSchema, path = ''): string[] {
  const at = (key: string) => (path ? `${path}.${key}` : key);
  const { properties = {}, oneOf = [], items, additionalProperties, maxLength } = schema;
  const free = schema.enum === undefined && schema.const === undefined && !schema['x-readonly'];
  const parts = { ...properties, ...oneOf, items, '*': additionalProperties } as Record<string, unknown>;
  return [
    ...(free && baseType(schema) === 'string' && maxLength === undefined ? [path] : []),
    ...Object.entries(parts).flatMap(([key, part]) => (isObject(part) ? endlessTexts(part, at(key)) : [])),
  ];
}

function migrationProblems({ entry, migrations = {} }: Driver): string[] {
  return Object.entries(migrations).flatMap(([from, { describe, migrate }]) => [
    ...(Number(from) >= 1 && Number(from) < entry.schemaVersion
      ? []
      : [`migrations start from a version below ${entry.schemaVersion}, not from ${from}.`]),
    ...(within(describe, 500) && typeof migrate === 'function'
      ? []
      : [`migration ${from} needs describe and migrate.`]),
  ]);
}

function toolProblems({ entry, tools = [] }: Driver): string[] {
  const slugs = tools.map(({ slug }) => slug);
  const counted = entry.capabilities.tools === tools.length;
  return [
    ...(counted ? [] : [`capabilities.tools says ${entry.capabilities.tools}, but there are ${tools.length} tools.`]),
    ...slugs
      .filter((slug) => !/^[a-z][a-z0-9_]{0,63}$/.test(slug))
      .map((slug) => `the tool "${slug}" may have a-z, 0-9 and _ only.`),
    ...slugs
      .filter((slug, index) => slugs.indexOf(slug) < index)
      .map((slug) => `there are two tools called "${slug}".`),
    ...tools.flatMap(({ slug, input }) => lintSchema(input).map((problem) => `the input of tool "${slug}" ${problem}`)),
  ];
}

/** What pages call is what programs can call, and reads only. */
const browseProblems = ({ browse, tools = [] }: Driver): string[] =>
  Object.values(browse ?? {})
    .filter((each) => !tools.includes(each) || each.sideEffect !== 'none')
    .map(({ slug }) => `browse needs "${slug}" to be one of its tools, and to change nothing.`);

/** Icons are put into pages as they are, many of them at once: no scripts, nothing loaded, no ids that could clash. */
export function iconProblems(icon: string | null): string[] {
  if (icon === null) return ['icon.svg is missing.'];
  const rules: [boolean, string][] = [
    [
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^<>]*viewBox="[\d. -]+"/.test(icon),
      'must start with <svg> and have a viewBox.',
    ],
    [
      !/<(?!\/?(g|path|circle|rect|ellipse|line|polyline|polygon)\b)/.test(icon.replace(/^<svg|<\/svg>\s*$/g, '')),
      'may hold shapes and groups only.',
    ],
    [
      !/[\s/"'](id|class|style|href|xlink:href|on\w+)\s*=/i.test(icon),
      'may have no ids, classes, styles, links or handlers.',
    ],
    [!/url\(|&|javascript:/i.test(icon), 'may refer to nothing.'],
    [icon.length <= 16_384, 'may have at most 16 KB.'],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => `icon.svg ${problem}`);
}
