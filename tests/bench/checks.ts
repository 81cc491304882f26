import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/db/connection.ts';
import type { Finding } from './report.ts';
import { spreadOf } from './rounds.ts';
import { jsonHeaders, type Stage } from './stage.ts';

/** As many as one scan brings. */
const count = Number(process.env.CHECKS) || 500;
const patienceMs = 300_000;

/** How many checks a minute the hub makes on its schedule, of a service that answers at once, from the first to the last. */
export async function measureChecks(stage: Stage): Promise<Finding[]> {
  const sql = connect(stage.ownerUrl, { max: 1 });
  try {
    const connectorId = await install(stage);
    await sql`
      insert into connectors (tenant_id, id, catalog_id, name, handle, status, config, auth, tags, schema_version)
      select tenant_id, md5('check' || n)::uuid, catalog_id, name || n, 'checked-' || n, 'active', config, auth, tags, schema_version
      from connectors, generate_series(1, ${count}::int) n where id = ${connectorId}`;
    const [{ since } = { since: '' }] = await sql`select now()::text as since`;
    await sql`
      insert into connections (tenant_id, id, connector_id, status, next_check_at)
      select tenant_id, md5('connection' || id)::uuid, id, 'active', now() from connectors where handle like 'checked-%'`;
    const took = () => sql`
      select count(*)::int as made, extract(epoch from max(created_at) - min(created_at))::float8 as seconds
      from health_checks where connection_id in (select md5('connection' || id)::uuid from connectors where handle like 'checked-%')
        and created_at >= ${since}::timestamptz`;
    const until = Date.now() + patienceMs;
    let [row] = await took();
    while (row?.made < count && Date.now() < until) {
      await sleep(500);
      [row] = await took();
    }
    if (row?.made < count) throw new Error(`Only ${row?.made} of ${count} checks were made.`);
    const perMinute = ((count - 1) / row?.seconds) * 60;
    return [
      {
        ...{ what: `health checks, ${count} on schedule`, unit: 'checks/minute', ours: spreadOf([perMinute]) },
        ...{ beside: 'what one scan may bring, a minute', target: { is: 'at least', value: 2_000 } },
      },
    ];
  } finally {
    await sql.end();
  }
}

/** One without secrets, which copies of its row can do without. */
async function install({ hub, models }: Stage): Promise<string> {
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(hub.url + path, {
      ...{ method, headers: jsonHeaders(hub.url, hub.cookie) },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  };
  const { id } = await send('POST', '/api/connectors', {
    ...{ catalog_key: 'http-api', name: 'Answers at once', tags: [] },
    ...{ config: { base_url: models.url }, auth: { method: 'none' } },
  });
  await send('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  return id;
}
