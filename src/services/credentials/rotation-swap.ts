import { isDeepStrictEqual } from 'node:util';
import { type Ctx, changedBy } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, updateConnectionRow } from '../../db/queries/connections.ts';
import { type ConnectorRow, updateConnectorRow } from '../../db/queries/connectors.ts';
import { endPrevious } from '../../db/queries/credential-versions.ts';
import { type CredentialRow, findCredential, updateCredential } from '../../db/queries/credentials.ts';
import type { Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { getAt, setAt } from '../../lib/schema/walk.ts';
import type { TenantKeys } from '../../vault/vault.ts';
import { recordAudit } from '../audit.ts';
import { lifetimeOf } from '../authorizations/token-endpoint.ts';
import { findPair } from '../connections/connection-pair.ts';
import { connectionName, connectionSubject } from '../connections/connections.ts';
import { tenantKeys } from '../secrets/keyring.ts';
import { isStoredSecret, openForCall, sealSecrets } from '../secrets/secrets.ts';
import { sealCredential } from './credentials.ts';
import type { Candidate, RotationTarget } from './rotation-test.ts';

/** Where a swap goes: on to what was entered, or back to what was replaced, by a person or by itself. */
export type Direction = 'rotated' | 'rolled_back' | 'rolled_back_automatically';

export interface Swap {
  /** As they were tested. */
  target: RotationTarget;
  /** Holds the candidate, and after a rotation what was replaced. */
  row: CredentialRow;
  candidate: Candidate;
  direction: Direction;
  /** Until when the replaced one is kept; null forgets it. */
  keptUntil: Date | null;
  reason?: string;
}

/**
 * The candidate and the credential in use change places, all at once.
 * @throws AppError not_found, or conflict when either was changed since it was tested
 */
export async function swap(
  tx: Tx,
  ctx: Ctx,
  { target, row, candidate, direction, keptUntil, reason }: Swap,
): Promise<void> {
  const { connector, connection } = await findPair(tx, ctx, target.connection.id, { lock: true });
  const same = isDeepStrictEqual([connector.auth, connector.config], [target.connector.auth, target.connector.config]);
  if (!same) throw changedMeanwhile(connection, connector);
  const put = { tx, ctx, connector, connection, row, candidate, keptUntil };
  const kept = candidate.kind === 'entered' ? await swapEntered(put) : await swapGrant(put);
  if (!kept) throw changedMeanwhile(connection, connector);
  await endPrevious(tx, ctx.tenantId, connection.id, kept);
  await recordAudit(tx, ctx, {
    action: direction === 'rotated' ? 'connection.credential_rotated' : 'connection.credential_rolled_back',
    subject: connectionSubject(connection, connector),
    details: {
      ...(candidate.kind === 'entered' && { changed: Object.keys(candidate.value).map((path) => `auth.${path}`) }),
      ...(direction === 'rolled_back_automatically' && { automatic: true }),
      ...(reason && { reason }),
    },
  });
}

const changedMeanwhile = (connection: ConnectionRow, connector: ConnectorRow) =>
  new AppError(
    'conflict',
    `The credential or the settings of ${connectionName(connection, connector)} were changed meanwhile. Look at them, then try again.`,
  );

interface Put extends Pick<Swap, 'row' | 'candidate' | 'keptUntil'> {
  tx: Tx;
  ctx: Ctx;
  connector: ConnectorRow;
  connection: ConnectionRow;
}

const forgotten = { state: 'revoked', sealed: null, keptUntil: null, endedBy: 'rolled_back' } as const;

/** What a person typed lives with the connector; the row takes in what it replaces there. The id of the row that is kept, null for none. */
async function swapEntered({ tx, ctx, connector, connection, row, candidate, keptUntil }: Put) {
  const { hub, tenantId } = ctx;
  const keys = await tenantKeys(tx, hub.vault, tenantId);
  const replaced = openReplaced(ctx, keys, connector, Object.keys(candidate.value));
  const seat = { tenantId, connectorId: connector.id, part: 'auth' } as const;
  const auth = structuredClone(connector.auth);
  for (const [path, secret] of Object.entries(candidate.value)) setAt(auth, path, secret);
  const { authSchema } = connectorSchema(ctx, connector);
  await updateConnectorRow(tx, tenantId, connector.id, {
    auth: sealSecrets(hub.vault, keys, seat, authSchema, auth, candidate.destinations),
    ...changedBy(ctx),
  });
  await updateConnectionRow(tx, tenantId, connection.id, { nextCheckAt: new Date(), ...changedBy(ctx) });
  const kept = {
    ...({ state: 'previous', keptUntil, endedBy: 'rotated', verifiedAt: new Date() } as const),
    sealed: sealCredential(ctx, keys, row.id, replaced),
  };
  return (await updateCredential(tx, tenantId, row.id, row.state, keptUntil ? kept : forgotten)) ? row.id : null;
}

const connectorSchema = ({ hub }: Ctx, { catalog }: ConnectorRow) => {
  const driver = hub.drivers.get(catalog.key);
  if (!driver) throw new AppError('conflict', `This version of Patchbay no longer offers ${catalog.name}.`);
  return driver.entry;
};

function openReplaced(ctx: Ctx, keys: TenantKeys, { id, auth }: ConnectorRow, paths: string[]) {
  const seat = { tenantId: ctx.tenantId, connectorId: id, part: 'auth' } as const;
  const stored: Values = {};
  for (const path of paths) if (isStoredSecret(getAt(auth, path))) setAt(stored, path, getAt(auth, path));
  const { value: opened, destinations } = openForCall(ctx.hub.vault, keys, seat, stored);
  const value = Object.fromEntries(paths.map((path) => [path, getAt(opened, path)]).filter(([, secret]) => secret));
  const [first = [], ...others] = destinations;
  return { value, destinations: first.filter((each) => others.every((set) => set.includes(each))) };
}

/** What was granted stands in rows of its own: they only change their states. */
async function swapGrant({ tx, ctx, connection, row, candidate, keptUntil }: Put) {
  const { tenantId } = ctx;
  const current = await findCredential(tx, tenantId, connection.id, 'current');
  const kept = { state: 'previous', keptUntil, endedBy: 'rotated' } as const;
  if (current && !(await updateCredential(tx, tenantId, current.id, 'current', keptUntil ? kept : forgotten)))
    return null;
  const now = { state: 'current', keptUntil: null, endedBy: null, verifiedAt: new Date() } as const;
  if (!(await updateCredential(tx, tenantId, row.id, row.state, now))) return null;
  const seconds = row.expiresAt && Math.max(0, (row.expiresAt.getTime() - Date.now()) / 1000);
  const value = candidate.value as { access_token: string; token_type: string; refresh_token?: string };
  const { refreshAfter } = lifetimeOf({ value, scopes: null, expiresIn: seconds });
  await updateConnectionRow(tx, tenantId, connection.id, {
    scopes: candidate.scopes,
    refreshAfter,
    refreshClaim: null,
    refreshClaimedUntil: null,
    refreshFailures: 0,
    nextCheckAt: new Date(),
    ...changedBy(ctx),
  });
  return (keptUntil && current?.id) || row.id;
}
