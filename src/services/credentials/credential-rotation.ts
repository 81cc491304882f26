import { type Ctx, requireRole } from '../../context.ts';
import { endPending } from '../../db/queries/credential-versions.ts';
import { type CredentialRow, updateCredential } from '../../db/queries/credentials.ts';
import type { CheckStep } from '../../db/schema/index.ts';
import type { Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { fitsHeader, unfitForHeader } from '../../lib/header-text.ts';
import { getAt, secretFields, setAt } from '../../lib/schema/walk.ts';
import { recordAudit } from '../audit.ts';
import { tenantDriver } from '../authorizations/oauth-applications.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { findPair } from '../connections/connection-pair.ts';
import { connectionName, connectionSubject, mustFindConnection } from '../connections/connections.ts';
import { checkInput, destinationsOf } from '../connectors/connector-input.ts';
import { driverFor } from '../connectors/connectors.ts';
import { requireUnmanaged } from '../connectors/managed.ts';
import { checkConnection } from '../health/health.ts';
import type { CheckOutcome } from '../health/health-steps.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { addCredential } from './credentials.ts';
import { swap } from './rotation-swap.ts';
import { type Candidate, type RotationTarget, testCandidate } from './rotation-test.ts';
import { openReplaced } from './rotation-undo.ts';

export interface Rotated {
  connectionId: string;
  /** What the test of the new credential went through. */
  steps: CheckStep[];
  message: string;
  /** Until when it can be rolled back; null after a rollback. */
  rollbackUntil: Date | null;
}

/** How long a replaced credential is kept for going back. */
const graceMs = 24 * 3600_000;

/**
 * Puts a new key, password or token in the place of the one in use: it is stored, tested as the same account, and only then used.
 * @param credential the secret fields of the connector's way to authenticate by name, or `access_token`, `refresh_token` and
 * `expires_at` of an account that was authorised
 * @throws AppError forbidden, not_found, invalid_input when the service refuses it or knows another account by it, unavailable when it
 * could not be tested, conflict
 */
export async function rotateCredential(ctx: Ctx, id: string, credential: Values): Promise<Rotated> {
  requireRole(ctx, 'admin', 'rotate credentials');
  const target = await withAccount(ctx, await findRotatable(ctx, id));
  const { candidate, expiresAt } = target.driver.needsConnection(withoutSecrets(target.connector.auth))
    ? brought(target, credential)
    : await entered(ctx, target, credential);
  const row = await stage(ctx, target, candidate, expiresAt);
  const outcome = await testCandidate(ctx, target, candidate).catch((error) => reject(ctx, target, row, error));
  if (outcome.verdict === 'failed') await reject(ctx, target, row, refusal(target, outcome, Object.keys(credential)));
  const keptUntil = new Date(Date.now() + graceMs);
  const putInUse = { target, row, candidate, direction: 'rotated', keptUntil } as const;
  await ctx.hub.db
    .asTenant(ctx.tenantId, (tx) => swap(tx, ctx, putInUse))
    .catch((error) => reject(ctx, target, row, error));
  await checkConnection(ctx, id, 'rotation');
  const { steps, message } = outcome;
  return { connectionId: id, steps, message, rollbackUntil: keptUntil };
}

/** Whose credential is in use has to be known before another one is compared with it; one that does not work tells nothing. */
async function withAccount(ctx: Ctx, target: RotationTarget): Promise<RotationTarget> {
  const { driver, connection } = target;
  if (connection.externalAccountId || !driver.whoami) return target;
  await checkConnection(ctx, connection.id, 'rotation');
  return findRotatable(ctx, connection.id);
}

async function findRotatable(ctx: Ctx, id: string): Promise<RotationTarget> {
  const { connector, connection } = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findPair(tx, ctx, id), {
    readOnly: true,
  });
  requireUnmanaged(connector);
  const driver = await tenantDriver(ctx, driverFor(ctx, connector.catalog.key));
  if (connector.schemaVersion !== driver.entry.schemaVersion)
    throw new AppError(
      'conflict',
      `Open the settings of ${connector.name} and save them first: their form has changed.`,
    );
  return { driver, connector, connection };
}

/** What a rotation is about, for its form. @throws AppError as `rotateCredential` */
export async function getRotation(ctx: Ctx, id: string): Promise<RotationTarget & { fields: string[] }> {
  requireRole(ctx, 'admin', 'rotate credentials');
  const target = await findRotatable(ctx, id);
  return { ...target, fields: rotatableFields(target) };
}

/** Fields in which a rotation may put something new. */
const rotatableFields = ({ driver, connector }: Pick<RotationTarget, 'driver' | 'connector'>): string[] =>
  driver.needsConnection(withoutSecrets(connector.auth))
    ? ['access_token', 'refresh_token']
    : secretFields(driver.entry.authSchema, withoutSecrets(connector.auth));

async function entered(ctx: Ctx, target: RotationTarget, credential: Values) {
  const { driver, connector } = target;
  requireFields(credential, rotatableFields(target), connector.name);
  const auth = withoutSecrets(connector.auth);
  for (const [path, secret] of Object.entries(credential)) setAt(auth, path, secret);
  const input = { name: connector.name, tags: connector.tags, config: withoutSecrets(connector.config), auth };
  const checked = beside(() => checkInput(driver, input, connector));
  const opened = await openTarget(ctx, { driver, connector, connection: null });
  const same = Object.entries(credential).every(([path, secret]) => getAt(opened.client, path) === secret);
  if (same) throw invalid(atEach(credential, 'This is the one in use. Enter the new one.'));
  const value = Object.fromEntries(Object.keys(credential).map((path) => [path, getAt(checked.auth, path)]));
  const candidate: Candidate = { kind: 'entered', value, destinations: checked.destinations, scopes: [] };
  return { candidate, expiresAt: null };
}

/** A token that was got elsewhere, for an account that is authorised. */
function brought({ driver, connector, connection }: RotationTarget, credential: Values) {
  requireFields(credential, ['access_token', 'refresh_token', 'expires_at'], connector.name);
  const { access_token, refresh_token, expires_at } = credential;
  const isText = (value: unknown) => typeof value === 'string' && value.trim() !== '' && value.length <= 20_000;
  if (!isText(access_token)) throw invalid({ 'credential.access_token': ['Enter the new access token.'] });
  if (!fitsHeader(String(access_token)))
    throw invalid({ 'credential.access_token': [`It ${unfitForHeader}. Copy it again.`] });
  if (refresh_token !== undefined && !isText(refresh_token))
    throw invalid({ 'credential.refresh_token': ['Enter a refresh token, or leave it out.'] });
  const expiresAt = expires_at === undefined ? null : new Date(String(expires_at));
  if (expiresAt && !(expiresAt.getTime() > Date.now()))
    throw invalid({ 'credential.expires_at': ['Enter a time that is to come, or leave it out.'] });
  const value = { access_token, token_type: 'Bearer', ...(refresh_token !== undefined && { refresh_token }) };
  const destinations = destinationsOf(driver, connector);
  const candidate: Candidate = { kind: 'grant', value, destinations, scopes: connection.scopes };
  return { candidate, expiresAt };
}

function requireFields(credential: Values, allowed: string[], name: string) {
  const unknown = Object.keys(credential).filter((path) => !allowed.includes(path));
  if (unknown.length)
    throw invalid(Object.fromEntries(unknown.map((path) => [`credential.${path}`, [`${name} has no such secret.`]])));
  const choice = allowed.length ? `Give ${allowed.join(' or ')}.` : `${name} holds no secret that could be rotated.`;
  if (!Object.keys(credential).length) throw invalid({ credential: [choice] });
}

/** The messages of the settings' own validation, beside the fields of this input. */
function beside<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError && error.errors)) throw error;
    const moved = Object.entries(error.errors).map(([path, messages]) => [
      path.replace(/^auth\./, 'credential.'),
      messages,
    ]);
    throw new AppError(error.code, error.message, { errors: Object.fromEntries(moved), cause: error });
  }
}

const atEach = (credential: Values, message: string) =>
  Object.fromEntries(Object.keys(credential).map((path) => [`credential.${path}`, [message]]));

/** Stored before it is tested; what waited before it does not any more. */
async function stage(
  ctx: Ctx,
  { connection, connector }: RotationTarget,
  candidate: Candidate,
  expiresAt: Date | null,
) {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const locked = await mustFindConnection(tx, ctx, connection.id, { lock: true });
    await endPending(tx, ctx.tenantId, connection.id);
    const subject = connectionSubject(connection, connector);
    await recordAudit(tx, ctx, { action: 'connection.rotation_begun', subject });
    return addCredential(tx, ctx, locked, { ...candidate, state: 'pending', expiresAt, verifiedAt: null });
  });
}

/** @throws always: the error, after what was staged is forgotten */
async function reject(
  ctx: Ctx,
  { connection, connector }: RotationTarget,
  row: CredentialRow,
  error: unknown,
): Promise<never> {
  const gone = { state: 'revoked', sealed: null, endedBy: 'rejected' } as const;
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    if (!(await updateCredential(tx, ctx.tenantId, row.id, 'pending', gone))) return;
    await recordAudit(tx, ctx, {
      action: 'connection.rotation_refused',
      subject: connectionSubject(connection, connector),
      details: { reason: error instanceof AppError ? error.message : 'It could not be tested.' },
    });
  });
  throw error;
}

function refusal({ connection, connector }: RotationTarget, outcome: CheckOutcome, fields: string[]): AppError {
  const name = connectionName(connection, connector);
  const sentence = `${name}: ${outcome.message} Nothing was changed.`;
  const failed = outcome.steps.find(({ status }) => status === 'failed');
  if (!outcome.credentialRefused && failed?.name !== 'permission')
    return new AppError('unavailable', `The new credential could not be tested. ${sentence}`, { retryAfter: 30 });
  return new AppError('invalid_input', sentence, {
    errors: Object.fromEntries(fields.map((path) => [`credential.${path}`, [outcome.message]])),
    extra: { steps: outcome.steps },
  });
}

/**
 * Goes back to the credential that the last rotation replaced, after testing that it still works.
 * @throws AppError forbidden, not_found, conflict when nothing is kept or it does not work any more, unavailable
 */
export async function rollBackCredential(ctx: Ctx, id: string): Promise<Rotated> {
  requireRole(ctx, 'admin', 'roll credentials back');
  const { target, kept } = await openReplaced(ctx, id);
  const name = connectionName(target.connection, target.connector);
  if (!kept)
    throw new AppError(
      'conflict',
      `${name} has no credential to go back to: it was not rotated within the last 24 hours.`,
    );
  const outcome = await testCandidate(ctx, target, kept.candidate);
  if (outcome.verdict === 'failed')
    throw new AppError(
      outcome.credentialRefused ? 'conflict' : 'unavailable',
      `${name}: the credential before could not be brought back. ${outcome.message} Nothing was changed.`,
    );
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    swap(tx, ctx, { target, ...kept, direction: 'rolled_back', keptUntil: null }),
  );
  await checkConnection(ctx, id, 'rotation');
  return { connectionId: id, steps: outcome.steps, message: outcome.message, rollbackUntil: null };
}
