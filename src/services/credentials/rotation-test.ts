import type { Ctx } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type LoadedDriver, ServiceError, type Values } from '../../drivers/driver.ts';
import { deleteAt, setAt } from '../../lib/schema/walk.ts';
import { obtainToken } from '../authorizations/obtained-tokens.ts';
import { destinationGuard } from '../calls/destinations.ts';
import type { OpenedTarget } from '../calls/opened-targets.ts';
import { connectionName } from '../connections/connections.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { type CheckOutcome, type CheckTarget, runCheck, sameAccount } from '../health/health-steps.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openForCall, withoutSecrets } from '../secrets/secrets.ts';

export interface RotationTarget {
  driver: LoadedDriver;
  connector: ConnectorRow;
  connection: ConnectionRow;
}

/** A credential that may take the place of the one in use. `entered`: the secret fields by path; `grant`: tokens. */
export interface Candidate {
  kind: 'entered' | 'grant';
  value: Values;
  /** The origins that it was entered for. */
  destinations: string[];
  scopes: string[];
}

/** Checks the connection with a credential that it does not use yet; another account's is refused. Nothing is stored. */
export async function testCandidate(ctx: Ctx, target: RotationTarget, candidate: Candidate): Promise<CheckOutcome> {
  const { driver, connector, connection } = target;
  const addresses = driver.destinations(withoutSecrets(connector.config), withoutSecrets(connector.auth));
  const opened = await openWith(ctx, target, candidate);
  const outcome = await runCheck(ctx, { ...(await readyFor(ctx, target, opened)), addresses });
  const judged = sameAccount(connection, outcome);
  if (judged === outcome) return outcome;
  const message = `This is a credential of ${outcome.account?.label ?? 'another account'}, and the connection is for ${connection.accountLabel ?? 'another one'}. Give one of the same account.`;
  return { ...judged, message };
}

type Opened = Pick<OpenedTarget, 'config' | 'auth' | 'destinations'>;

/** What is saved, with the candidate in its place. */
async function openWith(ctx: Ctx, { driver, connector }: RotationTarget, candidate: Candidate): Promise<Opened> {
  const { hub, tenantId } = ctx;
  const keys = await hub.db.asTenant(tenantId, (tx) => existingTenantKeys(tx, hub.vault, tenantId), { readOnly: true });
  const seat = { tenantId, connectorId: connector.id };
  const kept = structuredClone(connector.auth);
  if (candidate.kind === 'entered') for (const path of Object.keys(candidate.value)) deleteAt(kept, path);
  const config = openForCall(hub.vault, keys, { ...seat, part: 'config' }, connector.config);
  const typed = openForCall(hub.vault, keys, { ...seat, part: 'auth' }, kept);
  const sealed = [...config.destinations, ...typed.destinations, candidate.destinations];
  const destinations = destinationGuard(destinationsOf(driver, connector), sealed);
  return { config: config.value, auth: authWith(typed.value, candidate), destinations };
}

function authWith(typed: Values, { kind, value, scopes }: Candidate): Values {
  if (kind === 'entered') {
    for (const [path, secret] of Object.entries(value)) setAt(typed, path, secret);
    return typed;
  }
  const { refresh_token: _kept, ...granted } = value;
  return { method: typed.method, ...granted, scopes };
}

/** A client's own credentials are tested by the token that they get. */
async function readyFor(
  ctx: Ctx,
  target: RotationTarget,
  opened: Opened,
): Promise<Opened & Pick<CheckTarget, 'driver'>> {
  const { driver, connector, connection } = target;
  if (opened.auth.method !== 'client_credentials') return { ...opened, driver };
  const { config, auth: client, destinations } = opened;
  const name = connectionName(connection, connector);
  try {
    const { value, scopes } = await obtainToken(ctx, { driver, config, client, destinations }, name);
    return { ...opened, driver, auth: { method: client.method, ...value, scopes: scopes ?? [] } };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const checkHealth = () => Promise.reject(error);
    return { ...opened, driver: { ...driver, checkHealth } };
  }
}
