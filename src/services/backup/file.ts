import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { openStream, sealStream, VaultError } from '../../vault/vault.ts';

/** What a backup says about itself before its rows. */
export interface BackupHeader {
  madeAt: string;
  /** Hashes of the migrations that made its schema. */
  migrations: string[];
  /** The keyring's check value. */
  check: { masterKeyId: string; sealed: string };
  /** Every master key that something in it needs. */
  masterKeys: string[];
}

export type Manifest = Record<string, { rows: number; sha256: string }>;

export type BackupEntry =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: string }
  | { kind: 'row'; row: string }
  | { kind: 'manifest'; manifest: Manifest };

/** One line an entry: a letter, a space, and JSON. Rows come after their table, the manifest last. */
function lineOf(entry: BackupEntry): string {
  if (entry.kind === 'row') return `R ${entry.row}\n`;
  if (entry.kind === 'table') return `T ${JSON.stringify(entry.table)}\n`;
  if (entry.kind === 'header') return `H ${JSON.stringify(entry.header)}\n`;
  return `M ${JSON.stringify(entry.manifest)}\n`;
}

function entryOf(line: string): BackupEntry {
  const text = line.slice(2);
  if (line.startsWith('R ')) return { kind: 'row', row: text };
  if (line.startsWith('T ')) return { kind: 'table', table: JSON.parse(text) };
  if (line.startsWith('H ')) return { kind: 'header', header: JSON.parse(text) };
  if (line.startsWith('M ')) return { kind: 'manifest', manifest: JSON.parse(text) };
  throw damaged();
}

const damaged = () =>
  new VaultError('malformed', 'The rows of this backup are not those of its manifest. Use another copy of it.');

/** The bytes of a backup file: entries, compressed, encrypted. */
export function backupBytes(passphrase: string, entries: AsyncIterable<BackupEntry>): AsyncIterable<Buffer> {
  const lines = async function* () {
    for await (const entry of entries) yield Buffer.from(lineOf(entry));
  };
  return sealStream(
    passphrase,
    pipeline(Readable.from(lines()), createGzip(), () => {}), // who reads the end gets the error
  );
}

/**
 * Reads a whole backup and holds its rows against its manifest.
 * @throws VaultError for another passphrase, and for a file that is damaged, cut off or none of ours
 */
export async function* readBackup(file: string, passphrase: string): AsyncGenerator<BackupEntry> {
  const opened = Readable.from(openStream(passphrase, createReadStream(file)));
  const unzipped = pipeline(opened, createGunzip(), () => {});
  const count = counter();
  let manifest: Manifest | null = null;
  for await (const line of linesOf(unzipped)) {
    const entry = entryOf(line);
    count.take(entry);
    if (entry.kind === 'manifest') manifest = entry.manifest;
    yield entry;
  }
  if (JSON.stringify(manifest) !== JSON.stringify(count.manifest())) throw damaged();
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Counts and hashes rows by their table, on both ways. */
export function counter() {
  const tables = new Map<string, { rows: number; hash: ReturnType<typeof createHash> }>();
  return {
    take(entry: BackupEntry) {
      if (entry.kind === 'table') tables.set(entry.table, { rows: 0, hash: createHash('sha256') });
      if (entry.kind !== 'row') return;
      const current = [...tables.values()].at(-1);
      if (!current) throw damaged();
      current.rows += 1;
      current.hash.update(entry.row).update('\n');
    },
    manifest: (): Manifest =>
      Object.fromEntries(
        [...tables].map(([table, { rows, hash }]) => [table, { rows, sha256: hash.copy().digest('hex') }]),
      ),
  };
}
