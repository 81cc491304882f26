import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { keysIn, keysOf } from './key-shapes.ts';

// What the hub is built of: known vulnerabilities, checksums, install scripts, licences, the list of it all, and keys in the repository.

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
}
interface Advisory {
  id: string;
  package: string;
  affected: string[];
  accepted?: string;
}

const root = path.resolve(import.meta.dirname, '../..');
const json = (file: string) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));
const { advisories } = json('tests/security/advisories.json') as { advisories: Advisory[] };
const allowed = json('tests/security/allowed.json');
const locked = Object.entries(json('package-lock.json').packages as Record<string, Locked>).filter(([at]) => at);
const nameOf = (at: string) => at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);

const problems: string[] = [];

function compare(one: string, other: string): number {
  const parts = (version: string) => (version.split('-')[0] ?? '').split('.').map(Number);
  const [a, b] = [parts(one), parts(other)];
  for (let at = 0; at < 3; at++) if ((a[at] ?? 0) !== (b[at] ?? 0)) return (a[at] ?? 0) - (b[at] ?? 0);
  return 0;
}

/** @param range `>=1.2.3 <2.0.0`, either part alone as well */
function within(version: string, range: string): boolean {
  return range.split(' ').every((part) => {
    const [, sign, bound = ''] = /^(>=|<)(\d+\.\d+\.\d+)$/.exec(part) ?? [];
    if (!sign) throw new Error(`"${range}" is no range of versions`);
    return sign === '<' ? compare(version, bound) < 0 : compare(version, bound) >= 0;
  });
}

const concerns = ({ package: name }: Advisory, at: string) =>
  name.endsWith('*') ? nameOf(at).startsWith(name.slice(0, -1)) : nameOf(at) === name;

let accepted = 0;
for (const advisory of advisories)
  for (const [at, { version = '' }] of locked) {
    if (!concerns(advisory, at) || !advisory.affected.some((range) => within(version, range))) continue;
    if (advisory.accepted) accepted += 1;
    else problems.push(`${at} ${version} is affected by ${advisory.id}`);
  }

for (const [at, { integrity, resolved }] of locked) {
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) problems.push(`${at} has no checksum`);
  if (resolved) problems.push(`${at} comes from ${resolved}, not from the registry that npm is set to`);
}

const scripts = new Set<string>(allowed.installScripts.packages);
for (const [at, { hasInstallScript }] of locked)
  if (hasInstallScript && !scripts.has(nameOf(at))) problems.push(`${at} wants to run a script when it is installed`);
if (!readFileSync(path.join(root, 'Makefile'), 'utf8').includes('npm ci --ignore-scripts'))
  problems.push('the Makefile lets packages run scripts');

const licences = new Set<string>(allowed.licences);
const isFree = (licence: string) =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => licences.has(each)));
let counted = 0;
for (const [at, entry] of locked) {
  const file = path.join(at, 'package.json');
  if (!existsSync(path.join(root, file))) continue; // for another kind of machine
  counted += 1;
  const own = json(file);
  const declared = own.license ?? own.licenses ?? entry.license ?? allowed.licencesByHand[nameOf(at)];
  const licence = typeof declared === 'string' ? declared : (declared?.type ?? declared?.[0]?.type ?? 'none');
  if (!isFree(allowed.licencesByHand[nameOf(at)] ?? licence)) problems.push(`${at} is under ${licence}`);
}

const bill = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
) as { components: { name: string; group?: string; version: string }[] };
const listed = new Set(
  bill.components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`),
);
const locks = new Set(locked.map(([at, { version }]) => `${nameOf(at)}@${version}`));
for (const each of locks) if (!listed.has(each)) problems.push(`${each} is not in the list of components`);
for (const each of listed) if (!locks.has(each)) problems.push(`${each} is listed, and not in the lock file`);

const patches = readdirSync(path.join(root, 'patches'));
if (!patches.some((file) => file.startsWith('postgres+'))) problems.push('the patch of the database driver is gone');

// Whoever cannot see a key finds none: made here, so that it stands in no file.
const made = `gh${'p'}_${'4hT9wKq2ZxV7mB1nR8cY5dLs3fGj6PaEuQi0'}`;
if (keysOf(`const key = '${made}';`).length !== 1) problems.push('the search for keys does not see one');
const keys = keysIn(root, allowed.keysInTheRepository);
problems.push(...keys.found);

for (const problem of problems) console.error(problem);
console.log(
  `${problems.length} problems: ${locked.length} locked packages, ${advisories.length} advisories (${accepted} packages accepted with a reason), ${counted} licences, ${listed.size} components, ${keys.files} files looked through for keys`,
);
process.exitCode = problems.length ? 1 : 0;
