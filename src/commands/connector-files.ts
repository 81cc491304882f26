import type { Ctx, Hub } from '../context.ts';
import type { ConnectorFile } from '../services/connector-files/connector-file.ts';
import type { ApplyOptions } from '../services/connector-files/file-apply.ts';
import { type CommandHub, withHub } from './command.ts';

export const fileFlags = {
  file: { type: 'string' },
  tenant: { type: 'string' },
  prune: { type: 'string' },
} as const;

interface Opened {
  hub: Hub;
  /** Brings the catalog up to date, where no hub of this version has started yet. */
  seed(): Promise<unknown>;
}

/** All connectors of a file are brought in one transaction, which may take longer than a request's. */
const deadlineMs = 120_000;

/** A hub that knows its drivers, and has time. */
export const withConnectors = <T>(work: (opened: Opened) => Promise<T>): Promise<T> =>
  withHub(async ({ hub, admin, login }: CommandHub) => {
    const [{ openDatabase }, { loadDrivers }, { seedConnectors }] = await Promise.all([
      import('../db/client.ts'),
      import('../drivers/index.ts'),
      import('../../seeds/connectors.ts'),
    ]);
    const drivers = await loadDrivers(undefined, hub.config.catalogDir);
    const db = openDatabase({ connection: login, max: 2, deadlineMs });
    try {
      return await work({ hub: { ...hub, db, drivers }, seed: () => seedConnectors(admin, drivers) });
    } finally {
      await db.close();
    }
  });

interface OpenedFile {
  ctx: Ctx;
  file: ConnectorFile;
  options: ApplyOptions;
  seed: Opened['seed'];
}

/** The file that a command was given, and the workspace that it is for. */
export async function withFile<T>(
  { file: name = '', tenant, prune }: { file?: string; tenant?: string; prune?: string },
  work: (opened: OpenedFile) => Promise<T>,
): Promise<T> {
  const { readConnectorFile, tenantNamed, tenantOfFile } = await import(
    '../services/connector-files/connector-file.ts'
  );
  const file = readConnectorFile(name);
  return withConnectors(async ({ hub, seed }) => {
    const { fileCtx } = await import('../services/connector-files/file-apply.ts');
    const tenantId = tenant ? await tenantNamed(hub, tenant) : await tenantOfFile(hub, file);
    return work({ ctx: fileCtx(hub, tenantId, file.source), file, options: { prune: Boolean(prune) }, seed });
  });
}
