import { connect } from '../../src/db/connection.ts';
import { throughput } from './load.ts';
import type { Finding } from './report.ts';
import { sideBySide } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';

const tenants = Number(process.env.TENANTS) || 1_000;
const load = { requests: 200, clients: 4 };

/** The lists of one workspace among many, beside the same in a database where it is alone. */
export async function measureTenants(rounds: number): Promise<Finding[]> {
  const stages: Stage[] = [];
  try {
    const full = await openStage();
    stages.push(full);
    const alone = await openStage();
    stages.push(alone);
    for (const stage of stages) await stage.connectors(100);
    await addTenants(full.ownerUrl);
    const perRequest = async ({ hub, forgetLimits }: Stage, path: string) => {
      await forgetLimits();
      return 1_000 / (await throughput(hub.url, load, () => ({ path, headers: { cookie: hub.cookie } })));
    };
    const list = async (path: string): Promise<Finding> => {
      const { ratio, ...figures } = await sideBySide(
        rounds,
        () => perRequest(full, path),
        () => perRequest(alone, path),
      );
      const what = `GET ${path.split('?')[0]}, one of ${(tenants + 1).toLocaleString('en')} workspaces`;
      const target = { is: 'at most', value: 1.2 } as const;
      return { what, unit: 'ms/request', ...figures, beside: 'the only workspace', ratio, target };
    };
    return [await list('/api/installed?limit=100'), await list('/api/catalog')];
  } finally {
    for (const stage of stages) await stage.close();
  }
}

/** Workspaces with copies of what the only one has. Nobody opens their secrets. */
async function addTenants(ownerUrl: string) {
  const sql = connect(ownerUrl, { max: 1 });
  try {
    await sql`
      insert into organizations (id, name, slug)
      select gen_random_uuid(), 'Workspace ' || n, 'workspace-' || n from generate_series(1, ${tenants}::int) n`;
    await sql`
      insert into connectors (tenant_id, id, catalog_id, name, handle, status, config, auth, tags, schema_version)
      select o.id, md5(o.id::text || c.id)::uuid, c.catalog_id, c.name, c.handle, c.status, c.config, c.auth, c.tags, c.schema_version
      from organizations o cross join connectors c where o.slug like 'workspace-%'`;
    await sql`
      insert into connections (tenant_id, id, connector_id, status)
      select o.id, md5(o.id::text || c.id)::uuid, md5(o.id::text || c.connector_id)::uuid, c.status
      from organizations o cross join connections c where o.slug like 'workspace-%'`;
    await sql`vacuum (analyze) organizations, connectors, connections`;
  } finally {
    await sql.end();
  }
}
