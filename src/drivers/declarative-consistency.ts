import type { At, Reading } from './declarative-reading.ts';

// What fits the format in each place, and does not fit together.

export function unknownRequired(
  reading: Reading,
  group: { properties: Record<string, unknown>; required?: string[] } | undefined,
  at: At,
) {
  for (const [index, name] of (group?.required ?? []).entries())
    if (!Object.hasOwn(group?.properties ?? {}, name))
      reading.problem(
        [...at, 'required', index],
        `There is no field “${name}”. Describe it under properties, or leave it out.`,
      );
}

/** What must not be there twice, and settings that nothing uses. */
export function checkNames(reading: Reading) {
  const { auth, tools = [], config } = reading.description;
  const twice = (names: string[], at: (index: number) => At, what: string) => {
    for (const [index, name] of names.entries())
      if (names.indexOf(name) < index)
        reading.problem(at(index), `There is another ${what} “${name}”. Name each once.`);
  };
  twice(
    auth.map(({ method }) => method),
    (index) => ['auth', index, 'method'],
    'method',
  );
  twice(
    tools.map(({ name }) => name),
    (index) => ['tools', index, 'name'],
    'tool',
  );
  unknownRequired(reading, config, ['config']);
  for (const name of Object.keys(reading.config))
    if (!reading.uses(name))
      reading.problem(
        ['config', 'properties', name],
        `Nothing uses this setting. Use {config.${name}} somewhere, or leave it out.`,
      );
}

export function checkMigrations(reading: Reading) {
  const { schema_version: version = 1, migrations = [] } = reading.description;
  for (const [index, { from, rename = {} }] of migrations.entries()) {
    const at: At = ['migrations', index];
    if (from >= version)
      reading.problem(
        [...at, 'from'],
        `schema_version is ${version}: a migration starts from a lower one. Raise schema_version.`,
      );
    if (migrations.findIndex((each) => each.from === from) < index)
      reading.problem([...at, 'from'], `There is another migration from ${from}. Keep one.`);
    for (const old of Object.keys(rename))
      if (!/^(config|auth)\.[a-z][a-z0-9_]*$/.test(old))
        reading.problem([...at, 'rename', old], 'It names no field; write one such as config.site.');
  }
}
