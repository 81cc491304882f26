import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import type { Hub } from '../../../src/context.ts';
import { type Database, openDatabase } from '../../../src/db/client.ts';
import { readConnectorFile } from '../../../src/services/connector-files/connector-file.ts';
import { type ApplyOptions, applyFile, fileCtx } from '../../../src/services/connector-files/file-apply.ts';
import { changes, type Plan } from '../../../src/services/connector-files/file-plan.ts';
import type { Json, TestApp } from '../../support/app.ts';
import type { Person } from '../../support/cast.ts';

/** Nobody may ever read these. */
export const canary = 'cana ryab cdef ghij 7391 zzzz';
export const otherCanary = 'cana ryot herc dgij 4417 yyyy';
export const clientCanary = 'c0ffee7391c0ffee7391c0ffee7391c0ffee7391';

/** A folder for files of connectors, and what tests do with them. */
export function fileFolder(at: () => TestApp) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'patchbay-files-'));
  let database: Database | undefined;
  const write = (text: string, name = 'patchbay.yaml') => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  /** With as much time as the commands have. */
  const patient = (): Hub => {
    database ??= openDatabase({ connection: at().database.hub, max: 4, deadlineMs: 60_000 });
    return { ...at().hub, db: database };
  };
  const apply = async (text: string, options: ApplyOptions & { name?: string; person?: Person } = {}) => {
    const file = readConnectorFile(write(text, options.name));
    const { tenantId } = options.person ?? at().cast.ada;
    return applyFile(fileCtx(patient(), tenantId, file.source), file, options);
  };
  return {
    folder,
    write,
    apply,
    plan: (text: string, options: Parameters<typeof apply>[1] = {}) => apply(text, { ...options, rehearse: true }),
    remove: async () => {
      await database?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a plan does, by handle. */
export const summary = ({ steps }: Plan): Record<string, string[]> =>
  Object.fromEntries(
    steps
      .filter(changes)
      .map(({ handle, actions }) => [handle, actions.map(({ action, fields }) => [action, ...fields].join(' '))]),
  );

export const blog = (more = '', password = '{ env: BLOG_PASSWORD }') => `
  blog:
    entry: wordpress
    name: Company blog
    config: { site_url: https://blog.example.com }
    auth: { method: basic, username: editor, password: ${password} }
${more}`;

export const fileWith = (connectors: string, head = '') =>
  `version: 1\ntenant: northwind\n${head}connectors:\n${connectors || '  {}'}\n`;

export const installed = async (at: TestApp, person = at.cast.ada): Promise<Json[]> =>
  (await (await at.as(person, 'GET', '/api/installed')).json()).data;

/** Everything that the workspace's tables hold, as one text. */
export async function everything(at: TestApp, person = at.cast.ada): Promise<string> {
  const tables = ['connectors', 'connections', 'credentials', 'audit_events', 'health_checks', 'webhook_deliveries'];
  return at.database.db.asTenant(person.tenantId, async (tx) => {
    const texts: string[] = [];
    for (const table of tables)
      texts.push(JSON.stringify(await tx.execute(sql`select * from ${sql.identifier(table)}`)));
    return texts.join();
  });
}
