import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { seedConnectors } from '../../seeds/connectors.ts';
import type { ServerAddress } from '../../src/db/connection.ts';
import { withConnection, withDatabase } from '../../src/db/connection.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { installJobSchema } from '../../src/db/job-schema.ts';
import { prepareLogin } from '../../src/db/login.ts';
import { migrate } from '../../src/db/migrate.ts';

/** What test files need to reach the run's server; strings and numbers only, as it crosses processes. */
export interface TestServer {
  setup: ServerAddress;
  owner: ServerAddress;
  hub: ServerAddress;
}

/** Migrated and seeded once, cloned by every test file. */
export const templateName = 'patchbay_template';

/** A new folder that the server's account can enter also when the tests run as root. */
export function temporaryDirectory(name: string): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), `patchbay-${name}-`));
  chmodSync(dir, 0o711);
  return dir;
}

/** Tests need no durability, and without it they are faster. */
const fast = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

/** A server of its own in a temporary directory; `remove` ends it and deletes everything. */
export async function temporaryServer(
  name: string,
  settings: string[] = [],
): Promise<EmbeddedServer & { remove(): Promise<void> }> {
  const dir = temporaryDirectory(name);
  const server = await startEmbedded(dir, { settings: [...fast, ...settings], durable: false });
  const remove = async () => {
    await endOtherClients(server.setup);
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...server, remove };
}

/** A test that failed may have left a pool open. */
const endOtherClients = (setup: ServerAddress) =>
  withConnection(withDatabase(setup, 'postgres'), async (sql) => {
    await sql`
      select pg_terminate_backend(pid, 1000) from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()`;
  }).catch(() => {});

export async function createDatabase(server: TestServer, name: string, template = 'template1') {
  await withConnection(withDatabase(server.setup, 'postgres'), (sql) =>
    sql.unsafe(`create database ${name} template ${template} owner ${server.owner.user}`),
  );
}

export async function dropDatabase(server: TestServer, name: string) {
  await withConnection(withDatabase(server.setup, 'postgres'), (sql) =>
    sql.unsafe(`drop database if exists ${name} with (force)`),
  );
}

export async function buildTemplate(server: TestServer) {
  await createDatabase(server, templateName);
  const owner = withDatabase(server.owner, templateName);
  await migrate(owner);
  await prepareLogin(owner, withDatabase(server.hub, templateName));
  await installJobSchema(owner);
  await seedConnectors(owner);
}
