/** A part of the code that must not break unnoticed, and the tests that notice. */
export interface Subject {
  /** What `ONLY=` names it by. */
  name: string;
  /** What is changed, from the root of the project. */
  mutate: string[];
  tests: string[];
  /** Whether the tests need PostgreSQL, which takes a few seconds for each change. */
  database?: boolean;
}

const below = (folder: string, names: string) => names.split(' ').map((name) => `${folder}/${name}.ts`);

export const subjects: Subject[] = [
  {
    name: 'vault',
    mutate: ['src/vault/*.ts'],
    tests: below(
      'tests/vault',
      'vault.test keyring-file.test audit-mac.test earlier-versions.test properties.test passphrase-stream.test',
    ),
  },
  {
    name: 'tenants',
    mutate: below('src/db', 'client'),
    tests: below('tests/db', 'tenant-fence.test client.test'),
    database: true,
  },
  {
    name: 'outbound',
    mutate: below('src/lib/outbound', 'addresses connect dial outbound overrides ports'),
    tests: below('tests/lib/outbound', 'connect.test addresses.test redirects.test outbound.test'),
  },
  {
    name: 'oauth',
    mutate: ['src/auth/*.ts', ...below('src/services/authorizations', 'binding-cookie')],
    tests: ['tests/auth/*.test.ts', ...below('tests/services/authorizations', 'binding-cookie.test')],
  },
  {
    name: 'redaction',
    mutate: [...below('src/lib', 'log passed-headers scrub'), ...below('src/services/calls', 'echoes')],
    tests: [
      ...below('tests/services/calls', 'echoes.test'),
      ...below('tests/lib', 'passed-headers.test scrub.test log.test'),
    ],
  },
  {
    name: 'schemas',
    mutate: below('src/lib/schema', 'foreign-lint limits lint plain-patterns'),
    tests: below('tests/lib/schema', 'foreign-lint.test limits.test lint.test plain-patterns.test'),
  },
];
