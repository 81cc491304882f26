import postgres from 'postgres';
import { AppError } from '../errors.ts';

const { PostgresError } = postgres;
type PostgresError = InstanceType<typeof PostgresError>;

/** What had been sent when it failed, as far as saving goes. */
export type Sent = 'nothing to save' | 'a change';

const unreachable = 'The database cannot be reached at the moment. Try again in a few seconds.';
const sentences: Record<string, string> = {
  '57014': 'The database took too long to answer. Try again in a few seconds.',
  '55P03': 'Somebody else is changing the same data. Try again in a few seconds.',
  '53100': 'The disk of the database is full, so nothing can be saved. Ask the operator to free some space.',
  '53200': 'The database is short of memory. Try again in a few seconds.',
  '53300': 'The database has no connection to spare. Try again in a few seconds.',
  '25006': 'The database only allows reading at the moment, so nothing can be saved. Try again later.',
};
/** Classes and codes that say something about the server and nothing about the statement. */
const serverTrouble = /^(08|28|53|57P|58|3D000|57014|55P03|25006)/;

/** 503 for everything that the server's state explains. */
export const unavailable = (cause: unknown, message = unreachable) =>
  new AppError('unavailable', message, { retryAfter: 2, cause });

const outcomeUnknown = (cause: unknown) =>
  new AppError('outcome_unknown', 'The database did not confirm whether this was saved. Look before you try again.', {
    retryAfter: 2,
    cause,
  });

/** A statement or a transaction was not over in time. */
export class DeadlinePassed extends Error {
  override name = 'DeadlinePassed';
}

/** Whether the connection is gone, as opposed to a statement that the server refused. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DeadlinePassed) return false;
  if (error instanceof PostgresError) return ['FATAL', 'PANIC'].includes(error.severity);
  return driverCodes.test((error as NodeJS.ErrnoException | null)?.code ?? '');
}

const driverCodes = /^(CONNECTION_|CONNECT_TIMEOUT|E[A-Z]+$)/;

/**
 * Turns an error of the driver into what callers may see: an AppError when the server is in trouble, else the server's own error
 * without the parts that quote rows.
 */
export function explainFailure(error: unknown, sent: Sent): unknown {
  if (error instanceof AppError) return error;
  const lost = isConnectionLost(error) || error instanceof DeadlinePassed;
  if (lost && sent === 'a change') return outcomeUnknown(error);
  if (error instanceof DeadlinePassed) return unavailable(error, sentences['57014']);
  if (error instanceof PostgresError) return explainRefusal(error, lost);
  return lost ? unavailable(error) : error;
}

function explainRefusal(error: PostgresError, lost: boolean) {
  error.detail = ''; // quotes whole rows
  error.where = '';
  if (lost || serverTrouble.test(error.code)) return unavailable(error, sentences[error.code]);
  return error;
}

/** The server's error somewhere along `cause`, or null. */
function postgresError(error: unknown): PostgresError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof PostgresError) return at;
  return null;
}

/** The name of the unique constraint or index that refused the change; null for any other error. */
export function uniqueViolation(error: unknown): string | null {
  const found = postgresError(error);
  return found?.code === '23505' ? (found.constraint_name ?? '') : null;
}

/** Whether the statement names a table, or a schema, that is not there. */
export const isMissingTable = (error: unknown): boolean =>
  ['42P01', '3F000'].includes(postgresError(error)?.code ?? '');

/** Whether the transaction only lost against another one, so that running it again makes sense. */
export const isConflict = (error: unknown): boolean => ['40001', '40P01'].includes(postgresError(error)?.code ?? '');

/** A change inside a transaction that only reads: the server is well, the caller is wrong. */
export const isReadOnlyRefusal = (error: unknown): boolean => postgresError(error)?.code === '25006';
