import { rmSync } from 'node:fs';
import path from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Tx } from '../../../src/db/client.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { recordAudit } from '../../../src/services/audit.ts';
import { writeBackup } from '../../../src/services/backup/backup.ts';
import { checkBackup, restoreBackup } from '../../../src/services/backup/restore.ts';
import { checkAudit } from '../../../src/services/doctor/keys.ts';
import { sealAudit } from '../../../src/services/secrets/audit-seals.ts';
import { verifyDueAudits } from '../../../src/services/secrets/audit-standing.ts';
import { verifyAudit } from '../../../src/services/secrets/audit-verification.ts';
import { rotateDataKeys } from '../../../src/services/secrets/data-keys.ts';
import { rotateMasterKey } from '../../../src/services/secrets/master-keys.ts';
import { systemDoer } from '../../../src/services/system.ts';
import { recordOperatorEvent } from '../../../src/services/tenants/operator-trail.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys, type TestApp, testApp } from '../../support/app.ts';
import { emptyDatabase } from '../../support/db.ts';
import { temporaryDirectory } from '../../support/postgres.ts';

let at: TestApp;
let ada = '';
let cleo = '';
beforeEach(async () => {
  at = await testApp();
  ada = at.cast.ada.tenantId;
  cleo = at.cast.cleo.tenantId;
  ofAda = `from audit_events where tenant_id = '${ada}'`;
  await withConnection(
    at.database.admin,
    (
      own,
    ) => own`insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_name, details, request_id)
      select o.id, gen_random_uuid(), 'tested', 'system', 'Ada "<' || chr(8238), 'tenant', '😀', jsonb_build_object('n', n, 'x', 1.50), 'r'
      from organizations o, generate_series(1, 620) n`,
  );
});
afterEach(() => at.close());

/** As somebody who may do anything with the database and has no master key. */
const tamper = (statement: string) => withConnection(at.database.admin, (own) => own.unsafe(statement));
const verify = (vault = at.hub.vault, owner = at.database.admin) =>
  withConnection(owner, (own) =>
    drizzle(own as Sql).transaction((tx) => verifyAudit(tx, vault), { isolationLevel: 'repeatable read' }),
  );
/** What would be broken after this; it is undone. */
const ifOnly = (statement: string) =>
  withConnection(at.database.admin, async (own) => {
    await own.unsafe(`begin; ${statement}`);
    const { broken: found } = await verifyAudit(drizzle(own as Sql) as unknown as Tx, at.hub.vault);
    await own.unsafe('rollback');
    return found;
  });
const broken = async () => (await verify()).broken;
const event = (action: string) => ({
  action,
  subject: { type: 'tenant', id: null, name: 'Somebody' },
});
const happen = (action = 'tested', tenant = at.cast.ada) =>
  at.hub.db.asTenant(tenant.tenantId, (tx) => recordAudit(tx, at.ctx(tenant), event(action)));
const inTenant = (where: string) => `tenant_id = '${ada}' and position = (${where})`;
/** The position of this event of Northwind, counted from 0. */
const nth = (n: number) => `select position ${ofAda} order by position offset ${n} limit 1`;
let ofAda = '';
const lastOf = (number: number) =>
  `select last_position from audit_seals where tenant_id = '${ada}' and number = ${number}`;

describe('seals over the trail', () => {
  it('cover everything once, in bounded ranges, and hold', async () => {
    const sealed = await sealAudit(at.hub);
    const result = await verify();
    expect(result).toEqual({ seals: expect.any(Number), events: sealed, broken: [], unsealed: [] });
    const [all] = await tamper(
      'select (select count(*) from audit_events)::int + (select count(*) from operator_events)::int as n',
    );
    expect(sealed).toBe(all?.n);
    expect(result.seals).toBeGreaterThanOrEqual(4);
    expect(await sealAudit(at.hub)).toBe(0);
    await happen();
    expect(await sealAudit(at.hub)).toBe(1);
    expect((await verify()).broken).toEqual([]);
    const [heads] = await tamper(
      `select count(*)::int as n from audit_seals where tenant_id = '${ada}' and head is not null`,
    );
    expect(heads?.n).toBe(1);
  });

  it('do not double when two processes make them at once', async () => {
    const other = openDatabase({ connection: at.database.hub });
    const sealed = await Promise.all([sealAudit(at.hub), sealAudit({ ...at.hub, db: other }), sealAudit(at.hub)]);
    await other.close();
    await sealAudit(at.hub);
    const result = await verify();
    const [all] = await tamper(
      'select (select count(*) from audit_events)::int + (select count(*) from operator_events)::int as n',
    );
    expect(result).toMatchObject({ events: all?.n, broken: [] });
    expect(sealed.reduce((sum, n) => sum + n)).toBeLessThanOrEqual(all?.n);
  });

  const changes: [string, () => string, RegExp][] = [
    ['an edited event', () => `update audit_events set actor_name = 'Eve' where ${inTenant(nth(7))}`, /changed/],
    [
      'an edited time, by a microsecond',
      () =>
        `update audit_events set created_at = created_at + interval '1 microsecond' where ${inTenant(`select max(position) ${ofAda}`)}`,
      /changed/,
    ],
    ['edited details', () => `update audit_events set details = '{"n": 1}' where ${inTenant(nth(9))}`, /changed/],
    [
      'the first event of a range removed',
      () => `delete ${ofAda} and ${inTenant(`select min(position) ${ofAda}`)}`,
      /1 of its 500 events are gone/,
    ],
    ['one in the middle removed', () => `delete ${ofAda} and ${inTenant(nth(50))}`, /1 of its 500 events are gone/],
    ['the last of a range removed', () => `delete ${ofAda} and ${inTenant(lastOf(1))}`, /1 of its 500 events are gone/],
    [
      'the tail cut off',
      () => `delete ${ofAda} and position > (${nth(616)}) and position <= (${lastOf(2)})`,
      /[1-9]\d* of its \d+ events are gone/,
    ],
    [
      'an event added inside of a range',
      () => `with gone as (select position - 100000 as p ${ofAda} order by position limit 1)
        insert into audit_events select tenant_id, gen_random_uuid(), 'forged', actor_type, actor_id, actor_name, subject_type, subject_id,
          subject_name, details, request_id, ip, created_at, (select p from gone) ${ofAda} limit 1`,
      /more than the 500 events/,
    ],
    [
      'two events that changed places',
      () => `update audit_events a set action = 'swapped' || b.action from audit_events b where a.tenant_id = '${ada}' and b.tenant_id = '${cleo}'
        and a.position = (select min(position) from audit_events where tenant_id = '${ada}')`,
      /changed/,
    ],
    [
      'a seal removed from the middle',
      () => `delete from audit_seals where tenant_id = '${ada}' and number = 1`,
      /the seals 1 to 1 are missing/,
    ],
    [
      'the newest seal removed',
      () => `delete from audit_seals where tenant_id = '${ada}' and number = 2`,
      /newest seals were taken away/,
    ],
    [
      'an edited seal',
      () => `update audit_seals set events = events - 1 where tenant_id = '${ada}' and number = 1`,
      /does not hold/,
    ],
    [
      'a seal’s MAC replaced',
      () => `update audit_seals set mac = reverse(mac) where tenant_id = '${ada}' and number = 2`,
      /does not hold/,
    ],
  ];

  it('find what was changed, removed, added or moved', async () => {
    await sealAudit(at.hub);
    expect(await broken()).toEqual([]);
    for (const [what, change, said] of changes) {
      const found = await ifOnly(change());
      expect(found.join('\n'), what).toMatch(said);
      expect(found.filter((sentence) => !sentence.startsWith('Northwind: '))).toEqual([]);
    }
    const third = (tenant: string) =>
      `(select position from audit_events where tenant_id = '${tenant}' order by position offset 3 limit 1)`;
    const swapped = await ifOnly(
      `update audit_events set tenant_id = case tenant_id when '${ada}' then '${cleo}' else '${ada}' end::uuid
       where position in (${third(ada)}, ${third(cleo)})`,
    );
    for (const name of ['Northwind', 'Tailspin'])
      expect(swapped).toContainEqual(expect.stringMatching(new RegExp(`^${name}: seal 1 `)));
    expect(await broken()).toEqual([]);
  });

  const noted = () => recordOperatorEvent(at.hub.db.system, systemDoer('test'), event('tested'));
  const heads = (tenant: string) => `delete from audit_heads where scope = '${tenant}'`;
  const seals = (tenant: string) => `delete from audit_seals where tenant_id = '${tenant}'`;
  const everything = `delete from audit_seals; delete from operator_seals; delete from audit_heads; delete from audit_register;`;
  const takenAway: [string, () => string, RegExp][] = [
    ['all seals of a workspace', () => seals(ada), /^Northwind: all of its \d seals were taken away/],
    ['them and the events', () => `${seals(ada)}; delete ${ofAda}`, /^Northwind: all of its \d seals were taken away/],
    ['them and the head', () => `${seals(ada)}; ${heads(ada)}`, /^the register .* a trail taken from it/],
    [
      'them, and the register',
      () => `${seals(ada)}; ${heads(ada)}; delete from audit_register`,
      /^the register .* taken away/,
    ],
    ['everything but the key', () => everything, /^the register .* taken away/],
    [
      'everything and the key',
      () => `${everything} delete from hub_secrets where name = 'audit_seal_key'`,
      /^the key of the seals was taken away/,
    ],
    ['the operators’ seals', () => 'delete from operator_seals', /^The operators: all of its \d seals/],
    ['a head that was set back', () => `update audit_heads set number = 1 where scope = '${ada}'`, /^the register/],
  ];

  it('cannot be taken away altogether, also when sealing goes on', async () => {
    await noted();
    await sealAudit(at.hub);
    expect(await broken()).toEqual([]);
    for (const [what, statement, said] of takenAway) {
      const gone = await withConnection(at.database.admin, async (own) => {
        await own.unsafe(`begin; ${statement()}`);
        const { broken: found } = await verifyAudit(drizzle(own as Sql) as unknown as Tx, at.hub.vault);
        await own.unsafe('rollback');
        return found.filter((sentence) => said.test(sentence));
      });
      expect(gone, what).toHaveLength(1);
    }
    await tamper(seals(cleo));
    await tamper(`${seals(ada)}; ${heads(ada)}`);
    for (let round = 0; round < 3; round++) {
      await happen();
      await happen('tested', at.cast.cleo);
      await sealAudit(at.hub);
    }
    const found = (await broken()).join('\n');
    expect(found).toMatch(/^the register of the newest seals was changed, or a trail taken from it/m);
    expect(found).toMatch(/^Tailspin: seal \d is not the one that the register knows/m);
    expect(found).toMatch(/^Tailspin: its newest seals were taken away once/m);
  });

  it('cannot be begun anew, whatever is taken away', async () => {
    await sealAudit(at.hub);
    await tamper(`${everything} delete from hub_secrets where name = 'audit_seal_key'`);
    await sealAudit(at.hub);
    await happen();
    await sealAudit(at.hub);
    expect(await broken()).toContainEqual(expect.stringMatching(/^the key of the seals was taken away or exchanged/));
    await tamper(`delete from hub_secrets where name = 'keyring_check'`);
    await happen();
    await expect(sealAudit(at.hub)).rejects.toThrow('is gone; nothing is sealed');
  });

  it('show a register that was brought back with one workspace’s trail', async () => {
    await sealAudit(at.hub);
    const kept = ['audit_heads', 'audit_register', 'audit_seals', 'audit_events'];
    const ofAdaIn = (table: string) =>
      table.startsWith('audit_e') || table === 'audit_seals' ? `where tenant_id = '${ada}'` : '';
    for (const table of kept) await tamper(`create table kept_${table} as select * from ${table} ${ofAdaIn(table)}`);
    await happen('tested.unwanted');
    await sealAudit(at.hub);
    await happen('tested', at.cast.cleo);
    await sealAudit(at.hub);
    await tamper(
      kept
        .map((table) => `delete from ${table} ${ofAdaIn(table)}; insert into ${table} select * from kept_${table}`)
        .join('; '),
    );
    const found = await broken();
    expect(found).toEqual(['Tailspin: the register of the newest seals was brought back from an older state']);
    for (const table of kept) await tamper(`drop table kept_${table}`);
  });

  it('cover the operators’ trail as well', async () => {
    await noted();
    await noted();
    await sealAudit(at.hub);
    expect(await broken()).toEqual([]);
    for (const change of [
      `update operator_events set actor_name = 'Eve' where position = (select min(position) from operator_events)`,
      'delete from operator_events where position = (select max(position) from operator_events)',
      `update operator_events set created_at = created_at + interval '1 us'`,
    ])
      expect(await ifOnly(change)).toEqual([expect.stringMatching(/^The operators: seal 1 .* does not hold/)]);
  });

  it('show for good what was changed, also when sealing goes on', async () => {
    await sealAudit(at.hub);
    await tamper(`delete ${ofAda} and ${inTenant(nth(50))}`);
    await tamper(`delete from audit_seals where tenant_id = '${cleo}' and number = 2`);
    const shown = [
      expect.stringMatching(/^Northwind: seal 1 .* 1 of its 500 events are gone$/),
      'Tailspin: its newest seals were taken away once',
    ];
    expect(await broken()).toEqual(expect.arrayContaining(shown));
    await happen();
    await happen('tested', at.cast.cleo);
    expect(await sealAudit(at.hub)).toBeGreaterThan(2);
    expect(await broken()).toEqual(expect.arrayContaining(shown));
  });

  it('hold for an event that was written early and saved late', async () => {
    const other = openDatabase({ connection: at.database.hub });
    let written = () => {};
    let save = () => {};
    const isWritten = new Promise<void>((resolve) => {
      written = resolve;
    });
    const maySave = new Promise<void>((resolve) => {
      save = resolve;
    });
    const late = other.asTenant(ada, async (tx) => {
      await recordAudit(tx, at.ctx(at.cast.ada), event('tested.late'));
      written();
      await maySave;
    });
    await isWritten;
    await happen('tested.after');
    await expect(sealAudit(at.hub, { waitMs: 300 })).rejects.toThrow('stays open');
    expect((await verify()).seals).toBe(0);
    const sealing = sealAudit(at.hub);
    save();
    await late;
    await sealing;
    await sealAudit(at.hub);
    await other.close();
    const [positions] = await tamper(
      `select (select position ${ofAda} and action = 'tested.late') < (select position ${ofAda} and action = 'tested.after') as early`,
    );
    expect(positions?.early).toBe(true);
    const [all] = await tamper(
      'select (select count(*) from audit_events)::int + (select count(*) from operator_events)::int as n',
    );
    expect(await verify()).toMatchObject({ events: all?.n, broken: [], unsealed: [] });
  });

  it('stay good through changes of data keys and of master keys', async () => {
    await sealAudit(at.hub);
    await rotateDataKeys(at.hub, at.database.admin, { graceMs: 0 });
    expect(await sealAudit(at.hub)).toBeGreaterThan(0);
    const second = createVault(
      readKeyring({ dataDir: '', masterKeys: `second:${Buffer.alloc(32, 9).toString('base64')},${masterKeys}` }),
    );
    await rotateMasterKey({ ...at.hub, vault: second }, at.database.admin);
    expect(await sealAudit({ ...at.hub, vault: second })).toBeGreaterThan(0);
    const only = createVault(
      readKeyring({ dataDir: '', masterKeys: `second:${Buffer.alloc(32, 9).toString('base64')}` }),
    );
    expect(await verify(only)).toMatchObject({ broken: [], events: expect.any(Number) });
    await expect(verify()).rejects.toThrow('second');
  });

  it('hold in a restored hub, where counting goes on', async () => {
    await sealAudit(at.hub);
    const before = await verify();
    const home = temporaryDirectory('sealed');
    const file = path.join(home, 'hub.backup');
    await writeBackup(at.database.admin, file, 'a passphrase for tests');
    const fresh = await emptyDatabase();
    const header = await checkBackup(file, 'a passphrase for tests', at.hub.vault);
    await restoreBackup(fresh.admin, file, 'a passphrase for tests', { header, vault: at.hub.vault });
    const restored = { ...at.hub, db: fresh.db };
    expect(await verify(at.hub.vault, fresh.admin)).toEqual(before);
    await fresh.db.asTenant(ada, (tx) => recordAudit(tx, at.ctx(at.cast.ada), event('tested.restored')));
    expect(await sealAudit(restored)).toBe(1);
    expect(await verify(at.hub.vault, fresh.admin)).toMatchObject({ events: before.events + 1, broken: [] });
    await fresh.drop();
    rmSync(home, { recursive: true, force: true });
  });

  it('are in the deep examination, with what is not sealed and what lost its key', async () => {
    const patient = { config: at.hub.config, owner: at.database.admin, hub: at.database.hub, vault: at.hub.vault };
    const look = async () => (await checkAudit({ ...patient, deep: true }))[0];
    expect(await checkAudit({ ...patient, deep: false })).toEqual([]);
    expect(await look()).toMatchObject({ level: 'ok', message: '0 seals over 0 events hold.' });
    await sealAudit(at.hub);
    expect(await look()).toMatchObject({
      level: 'ok',
      message: expect.stringMatching(/^[1-9]\d* seals over [1-9]\d* events hold\.$/),
    });
    await happen('tested.old');
    await tamper(`update audit_events set created_at = now() - interval '2 hours' where action = 'tested.old'`);
    expect(await look()).toMatchObject({ level: 'warn', message: expect.stringMatching(/not sealed in: Northwind/) });
    await tamper(`delete from hub_secrets where name = 'audit_seal_key'`);
    await sealAudit(at.hub);
    expect(await look()).toMatchObject({
      level: 'fail',
      message: expect.stringMatching(/under a key that this hub does not have/),
    });
  });

  it('are computed again once a day, and the activity says what was found', async () => {
    const ask = async () => (await at.as(at.cast.ben, 'GET', '/api/audit/verification')).json();
    const page = async () => (await at.as(at.cast.ben, 'GET', '/activity')).text();
    const nothing = { events: 0, sealed_up_to: null, verified_at: null, verified_events: null, problems: [] };
    expect(await ask()).toEqual(nothing);
    expect(await page()).toContain('Nothing is sealed yet');
    const workspaces = await verifyDueAudits(at.hub);
    expect(workspaces).toBeGreaterThanOrEqual(2);
    expect(await ask()).toEqual(nothing);
    await sealAudit(at.hub);
    // One after the other until none is due; or one at least, when the time is over at once.
    expect(await verifyDueAudits(at.hub, { forMs: 0 })).toBe(1);
    expect(await verifyDueAudits(at.hub, { max: 1, forMs: 60_000 })).toBe(workspaces - 1);
    expect(await verifyDueAudits(at.hub)).toBe(0);
    expect(await verifyDueAudits(at.hub, { olderThan: '0' })).toBe(workspaces);
    const [last] = await tamper(`select count(*)::int as n, max(created_at) as at ${ofAda}`);
    const good = await ask();
    expect(good).toMatchObject({ events: last?.n, verified_events: last?.n, problems: [] });
    expect(good.sealed_up_to).toBe(last?.at.toISOString());
    expect(await page()).toMatch(/Sealed up to <time[\s\S]*, 62\d events; verified <time[\s\S]*, and every seal held/);

    await tamper(`delete ${ofAda} and ${inTenant(nth(50))}`);
    await tamper('delete from audit_register');
    await verifyDueAudits(at.hub, { olderThan: '0' });
    const { problems, ...rest } = await ask();
    expect(rest.verified_events).toBeLessThan(200);
    expect(problems).toEqual([
      { seal: null, after: null, until: null, message: 'the register of the newest seals was taken away' },
      {
        seal: 1,
        after: null,
        until: expect.any(String),
        message: expect.stringMatching(/1 of its 500 events are gone/),
      },
    ]);
    expect(await page()).toMatch(/The seals over this activity do not hold[\s\S]*1 of its 500 events are gone/);
    const cleo = await (await at.as(at.cast.cleo, 'GET', '/api/audit/verification')).json();
    expect(cleo.problems.map(({ message }: { message: string }) => message)).toEqual([problems[0].message]);
  });

  it('are verified although those of another workspace cannot even be read', async () => {
    await sealAudit(at.hub);
    await tamper(`update audit_seals set created_at = 'infinity' where tenant_id = '${ada}'`);
    await verifyDueAudits(at.hub, { max: 1_000 });
    const verifiedAt = async (person: typeof at.cast.ada) =>
      (await (await at.as(person, 'GET', '/api/audit/verification')).json()).verified_at;
    expect(await verifiedAt(at.cast.cleo)).toEqual(expect.any(String));
    expect(await verifiedAt(at.cast.ada)).toBeNull();
  });
});
