/** A promise about security, and what shows that it is kept. */
export interface Kept {
  /** What `ONLY=` names it by: the number of docs/security.md. */
  goal: string;
  promise: string;
  target: string;
  /** Tests and checks, from the root of the project; all of them must pass. */
  files?: string[];
  /** A program below tests/security, which prints its figure as its last line and fails when the promise is broken. */
  program?: string;
}

const sweeps = ['sweep', 'key-sweep', 'operator-sweep'].map((name) => `tests/routes/${name}.test.ts`);
const below = (folder: string, names: string) => names.split(' ').map((name) => `tests/${folder}/${name}.test.ts`);
const checks = (names: string) => names.split(' ').map((name) => `tests/security/${name}.check.ts`);

/** The numbers that are missing are about faults, speed and running it: other targets of the Makefile show those. */
export const promises: Kept[] = [
  {
    goal: 'g1',
    promise: 'No workspace sees or changes another’s things',
    target: '0 foreign ids, at any place of any route, answered unlike one that nobody has',
    files: [...sweeps, ...below('services/tenants', 'tenant-deletion'), ...checks('tenants')],
  },
  {
    goal: 'g2',
    promise: 'The database alone still separates workspaces',
    target: 'every table fenced; with all tenant filters taken out of the queries still 0 foreign rows',
    files: below('db', 'tenant-fence schema-shape'),
    program: 'without-filters.ts',
  },
  {
    goal: 'g3',
    promise: 'Secrets never leave',
    target: '0 canaries in files of the database, exports, logs, pages, answers, metrics, rows and the heap',
    files: [
      ...below('api', 'canary'),
      ...below('e2e', 'canary'),
      ...below('lib', 'log scrub'),
      ...below('services/calls', 'echoed-secrets'),
      ...checks('canaries'),
    ],
  },
  {
    goal: 'g4',
    promise: 'A stored secret goes only to the place that it was entered for',
    target: '0 edits of the address send it elsewhere before it is entered again',
    files: [...below('services/connectors', 'connector-input environment-connectors'), ...checks('moved-secrets')],
  },
  {
    goal: 'g5',
    promise: 'No request to inner addresses',
    target: '0 of 300 and more spellings, on any way out, connect',
    files: [...below('lib/outbound', 'outbound addresses'), ...below('services', 'tls'), ...checks('inner-addresses')],
  },
  {
    goal: 'g6',
    promise: 'An authorisation cannot be swapped',
    target: '0 swapped, replayed, foreign or downgraded answers store a token',
    files: [
      ...below(
        'services/authorizations',
        'oauth-attacks authorizations connect-links token-endpoint oauth-applications',
      ),
      ...below('dashboard', 'single-sign-on-forgeries'),
    ],
  },
  {
    goal: 'g7',
    promise: 'Nobody gets in without signing in, or with too low a role',
    target: '0 surprises over routes, roles, methods and spellings; no route without a declared rule',
    files: [...sweeps, ...below('api', 'openapi api-keys key-limits'), ...checks('spellings')],
  },
  {
    goal: 'g8',
    promise: 'Taking rights away counts with the next request',
    target: '0 requests answered afterwards, by this replica or another one',
    files: [...below('services/people', 'identity stale-rights password-change'), ...checks('revocation')],
  },
  {
    goal: 'g9',
    promise: 'Forms cannot be forged, nor scripts injected',
    target: '0 changes from other sites, 0 elements of hostile texts, 0 violations of the policy',
    files: [
      ...below('lib', 'same-origin-path'),
      ...below('middleware', 'csrf security-headers session method-override plain-address form-fields'),
      ...below('views', 'render'),
      ...checks('hostile-texts'),
    ],
  },
  {
    goal: 'g10',
    promise: 'Hostile schemas and patterns do no harm',
    target: '200 refused with a reason, no stall above 50 ms, no crash, no key on a prototype',
    files: [...below('lib/schema', 'foreign lint limits compile walk'), ...below('drivers', 'patterns')],
  },
  {
    goal: 'g11',
    promise: 'Nothing that somebody types becomes SQL',
    target: '0 hostile names and values change anything but what they name',
    files: [...below('services', 'postgresql'), ...checks('injection')],
  },
  {
    goal: 'g16',
    promise: 'What may have had its effect is not repeated blindly',
    target: '0 changing calls reach a misbehaving service twice',
    files: [...below('api', 'proxy'), ...below('services/tools', 'idempotency'), ...checks('blind-repeats')],
  },
  {
    goal: 'g17',
    promise: 'Sent twice, done once; edited at once, one wins and the other is told',
    target: '1 row for each duplicate, 0 lost updates, 0 internal errors',
    files: [...below('services/connectors', 'connectors'), ...checks('duplicates')],
  },
  {
    goal: 'g18',
    promise: 'A damaged or moved envelope never opens',
    target: '0 changed bytes and 0 changed places open',
    files: [...below('vault', 'vault properties'), ...below('services/secrets', 'keyring rotations')],
  },
  {
    goal: 'g24',
    promise: 'What cannot be audited does not happen',
    target:
      'exactly one event for each change; with the trail broken 0 changes; 0 forgeries of what is sealed unnoticed',
    files: [...sweeps, ...checks('audit')],
  },
  {
    goal: 'g25',
    promise: 'What the hub is built of is known',
    target: '0 affected versions, checksums for all, scripts and licences on the list, no key in the repository',
    program: 'supply-chain.ts',
  },
];
