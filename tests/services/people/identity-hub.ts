import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Config, readConfig } from '../../../src/config.ts';
import type { Hub } from '../../../src/context.ts';
import type { Database } from '../../../src/db/client.ts';
import type { Connection } from '../../../src/db/connection.ts';
import { insertMember, insertPassword, insertUser, selectUserByEmail } from '../../../src/db/queries/identity.ts';
import type { AppError } from '../../../src/errors.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createOutbound } from '../../../src/lib/outbound/outbound.ts';
import { hashPassword } from '../../../src/lib/passwords.ts';
import type { Role } from '../../../src/lib/role.ts';
import { createIdentity, type Identity } from '../../../src/services/people/identity.ts';
import { createTenant } from '../../../src/services/tenants/tenants.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { testDatabase } from '../../support/db.ts';

export const password = 'correct horse battery';

/** What a browser sends back after these `Set-Cookie` headers. */
export const cookieHeader = (setCookies: string[]) =>
  new Headers({ cookie: setCookies.map((cookie) => cookie.split(';')[0]).join('; ') });

/** The error that the promise is refused with. */
export const failure = (promise: Promise<unknown>, what = 'it'): Promise<AppError> =>
  promise.then(
    () => fail(`${what} should have been refused`),
    (error) => error,
  );

let lastAddress = 0;
/** Each test calls from an address of its own, so that limits of one do not reach the next. */
export const freshAddress = () => `198.51.${Math.floor(++lastAddress / 250)}.${lastAddress % 250}`;

export interface IdentityHub {
  hub: Hub;
  identity: Identity;
  cookieName: string;
  /** The hub's login, for another pool. */
  connection: Connection;
  /** The log's lines so far. */
  lines: string[];
  configFor(baseUrl: string, env?: Record<string, string>): Config;
  makeTenant(name: string, email: string): Promise<string>;
  makeMember(tenant: string, email: string, role: Role): Promise<string>;
  /** The id of a tenant that was made here. */
  tenantId(name: string): string;
  /** The same database; `sent` grows with each statement outside of tenants. */
  countingStatements(): { db: Database; sent: string[] };
  drop(): Promise<void>;
}

/** A hub on a database of its own, with what tests of identity need to set the scene. */
export async function identityHub(): Promise<IdentityHub> {
  const { db, drop, hub: connection } = await testDatabase();
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const masterKeys = `k1:${randomBytes(32).toString('base64')}`;
  const vault = createVault(readKeyring({ masterKeys, dataDir: '' }));
  const configFor = (baseUrl: string, env = {}) => readConfig({ BASE_URL: baseUrl, ...env });
  const hub: Hub = {
    config: configFor('http://127.0.0.1:3000'),
    db,
    vault,
    drivers: new Map(),
    outbound: createOutbound(configFor('http://127.0.0.1:3000').outbound),
    log,
  };
  const tenants = new Map<string, string>();
  const tenantId = (name: string) => tenants.get(name) ?? fail(`no tenant ${name}`);

  return {
    hub,
    connection,
    identity: createIdentity(hub),
    cookieName: 'patchbay.session',
    lines,
    configFor,
    tenantId,
    drop,
    async makeTenant(name, email) {
      const { tenant } = await createTenant(hub, { name, owner: { email, password } });
      tenants.set(name, tenant.id);
      return tenant.id;
    },
    makeMember: (tenant, email, role) => makeMember(db, tenantId(tenant), email, role),
    countingStatements: () => countingStatements(db),
  };
}

async function makeMember(db: Database, organizationId: string, email: string, role: Role): Promise<string> {
  const hash = await hashPassword(password);
  return db.system.transaction(async (tx) => {
    let userId = uuidv7();
    if (await insertUser(tx, { id: userId, name: email.split('@')[0] ?? '', email }))
      await insertPassword(tx, { id: uuidv7(), userId, password: hash });
    else userId = (await selectUserByEmail(tx, email))?.id ?? fail('no such user');
    await insertMember(tx, { id: uuidv7(), organizationId, userId, role });
    return userId;
  });
}

function countingStatements(db: Database) {
  const sent: string[] = [];
  const counted = new Set(['execute', 'select', 'insert', 'update', 'delete', 'transaction']);
  const system = new Proxy(db.system, {
    get(target, name, receiver) {
      if (counted.has(String(name))) sent.push(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
  return { db: { ...db, system }, sent };
}

function fail(message: string): never {
  throw new Error(message);
}
