import postgres from 'postgres';
import { OutboundError } from '../../lib/outbound/errors.ts';
import { ServiceError, type ServiceFault } from '../driver.ts';
import { tlsFailure } from './encryption.ts';
import type { Settings } from './settings.ts';

const { PostgresError } = postgres;
export type ServerRefusal = InstanceType<typeof PostgresError>;

/** When it happened; after `commit` nobody knows whether the change was made. */
export type Stage = 'login' | 'read' | 'change' | 'commit';

const driverCodes = /^(CONNECTION_|CONNECT_TIMEOUT|ERR_|E[A-Z]+$)/;

/** Whether the connection is gone, as opposed to a statement that the server refused. */
export function isLost(error: unknown): boolean {
  if (error instanceof OutboundError) return true;
  if (error instanceof PostgresError) return ['FATAL', 'PANIC'].includes(error.severity);
  return driverCodes.test((error as NodeJS.ErrnoException | null)?.code ?? '');
}

export const isRefusal = (error: unknown): error is ServerRefusal => error instanceof PostgresError;

/** What went wrong, as the hub and people understand it. The driver's error is not kept: it holds the parameters. */
export function refusal(error: unknown, settings: Settings, stage: Stage): unknown {
  if (error instanceof ServiceError) return error;
  if (isRefusal(error)) return refused(error, settings, stage);
  if (!isLost(error)) return error;
  const told = tlsFailure(error);
  if (told instanceof ServiceError) return told;
  const { code, message } = told as OutboundError;
  // With TLS 1.3 a server refuses a client's certificate after the handshake, and its reason may get lost on the way.
  if (stage === 'login' && code === 'broken_off' && settings.tls?.cert && settings.sslMode !== 'disable')
    return new ServiceError('service', 'The server ended the connection. It may not accept the client certificate.', {
      field: 'config.tls.cert',
    });
  if (stage === 'commit') return new OutboundError(code, message, true);
  return new OutboundError(code, stage === 'change' ? `${message} Nothing was changed.` : message, false);
}

interface Meaning {
  fault: ServiceFault;
  message?: string;
  field?: string;
}

/** By code, or by the class of codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function meaningOf(
  { code, message }: ServerRefusal,
  { user, database, statementTimeoutMs, password }: Settings,
): Meaning {
  const byCode: Record<string, Meaning> = {
    '28P01': {
      fault: 'credential',
      message: `The server does not accept this password for ${user}.`,
      field: password ? 'auth.password' : 'auth.username',
    },
    '28000': {
      fault: 'credential',
      field: /certificate/.test(message)
        ? 'config.tls.cert'
        : /encryption/.test(message)
          ? 'config.sslmode'
          : 'auth.username',
    },
    '3D000': { fault: 'not_found', message: `There is no database called ${database}.`, field: 'config.database' },
    '25006': { fault: 'permission', message: `Nothing may be changed here: ${message}.` },
    '42501': { fault: 'permission' },
    '42P01': { fault: 'not_found' },
    '23505': { fault: 'conflict' },
    '23503': { fault: 'conflict' },
    '40001': { fault: 'conflict', message: 'Somebody else changed the same rows. Try again.' },
    '40P01': { fault: 'conflict', message: 'Somebody else changed the same rows. Try again.' },
    '55P03': { fault: 'conflict', message: 'Somebody else is changing the same rows. Try again in a few seconds.' },
    '53300': { fault: 'rate_limited', message: 'The server has no connection to spare. Try again in a few seconds.' },
    '57014': {
      fault: 'input',
      message: `The statement took too long and was cancelled; it gets ${statementTimeoutMs / 1000} s at most, and less than the call.`,
    },
    '57P01': { fault: 'service', message: 'The server ended the connection.' },
    '57P03': { fault: 'service', message: 'The server is starting or stopping. Try again in a few seconds.' },
  };
  const byClass: Record<string, ServiceFault> = { '22': 'input', '23': 'conflict', '42': 'input', '28': 'credential' };
  return (
    byCode[code] ?? { fault: byClass[code.slice(0, 2)] ?? (/^(0A|21|2[0-9]|3|44|P0)/.test(code) ? 'input' : 'service') }
  );
}

function refused(error: ServerRefusal, settings: Settings, stage: Stage): Error {
  const { fault, message = sentence(error.message), field } = meaningOf(error, settings);
  // Of a change that was certainly not made nobody has to find out whether it was.
  if (fault === 'service' && stage === 'change')
    return new OutboundError('broken_off', `${message} Nothing was changed.`, false);
  return new ServiceError(fault, message, { serviceCode: error.code, field });
}

export const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
