export type OutboundCode =
  | 'blocked'
  | 'unknown_host'
  | 'unreachable'
  | 'connect_timeout'
  | 'tls'
  | 'timeout'
  | 'cancelled'
  | 'too_large'
  | 'redirect_refused'
  | 'broken_off';

export type TlsField = 'ca' | 'cert' | 'key' | 'server_name';

/** A request that got no answer, or none that may be used. The message is a sentence for people and holds no address. */
export class OutboundError extends Error {
  override name = 'OutboundError';
  readonly code: OutboundCode;
  /** False when it is certain that the service saw nothing of the request. */
  readonly mayHaveArrived: boolean;
  /** With the code `tls`: what of the TLS settings mends it. */
  readonly mend?: TlsField;

  constructor(code: OutboundCode, message: string, mayHaveArrived: boolean, cause?: unknown, mend?: TlsField) {
    super(message, { cause });
    this.code = code;
    this.mayHaveArrived = mayHaveArrived;
    this.mend = mend;
  }
}

/** One sentence for every blocked address: which of them exist behind the hub is nobody's business. */
export const blocked = () =>
  new OutboundError(
    'blocked',
    'Patchbay may not connect to this address: it is not a public one. An operator can allow it in ALLOWED_PRIVATE_HOSTS.',
    false,
  );

const tlsCodes = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/;

/** What went wrong underneath, in our few codes. */
export function explain(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const inner = innermost(error);
  if (inner instanceof OutboundError) return inner;
  const { code: reported, name, syscall = '' } = inner as NodeJS.ErrnoException;
  const code = typeof reported === 'string' ? reported : String(name); // a DOMException's code is a number
  // The same codes on a connection that was there already: the request may have gone over it.
  if (['read', 'write'].includes(syscall) && unreachable.includes(code)) return brokenOff(error);
  if (['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'EAI_NODATA'].includes(code))
    return new OutboundError('unknown_host', 'The host name cannot be found. Check its spelling.', false, error);
  if (refused.includes(code))
    return new OutboundError('unreachable', 'Nothing answers at this address and port.', false, error);
  if (['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'].includes(code))
    return new OutboundError('connect_timeout', 'The host did not accept a connection in time.', false, error);
  if (tlsCodes.test(code)) return new OutboundError('tls', tlsSentence(code), false, error, tlsFieldFor(code));
  if (['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TimeoutError'].includes(code))
    return new OutboundError('timeout', 'The service did not answer in time.', true, error);
  if (code === 'AbortError') return new OutboundError('cancelled', 'The request was cancelled.', true, error);
  return brokenOff(error);
}

const refused = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES'];
const unreachable = [...refused, 'ETIMEDOUT'];

const brokenOff = (cause: unknown) =>
  new OutboundError('broken_off', 'The connection broke off before the answer was complete.', true, cause);

function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 5; depth++) {
    const { cause, errors } = current as { cause?: unknown; errors?: unknown[] };
    const next = cause ?? errors?.[0];
    if (!next) break;
    current = next;
  }
  return current;
}

function tlsSentence(code: string): string {
  const reasons: Record<string, string> = {
    CERT_HAS_EXPIRED: 'The certificate of the server has expired.',
    ERR_TLS_CERT_ALTNAME_INVALID:
      'The certificate of the server is for another name. Check the address, or enter the name to expect.',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate of the server is signed by itself. Enter its certificate authority.',
    SELF_SIGNED_CERT_IN_CHAIN: 'The certificate authority of the server is not known. Enter it in the TLS settings.',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      'The certificate authority of the server is not known. Enter it in the TLS settings.',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      'The certificate authority of the server is not known. Enter it in the TLS settings.',
    ERR_SSL_WRONG_VERSION_NUMBER: 'The server does not speak TLS at this port.',
    EPROTO: 'The server does not speak TLS at this port.',
  };
  if (reasons[code]) return reasons[code];
  if (/ALERT_CERTIFICATE_REQUIRED/.test(code))
    return 'The server asks for a client certificate. Enter one in the TLS settings.';
  // Before TLS 1.3 there was no word for it.
  if (/ALERT_HANDSHAKE_FAILURE/.test(code))
    return 'The server refused a secure connection. It may ask for a client certificate: enter one in the TLS settings.';
  if (refusesCertificate.test(code)) return 'The server does not accept the client certificate.';
  if (keyMismatch.test(code)) return 'The client key does not belong to the client certificate.';
  if (/_OSSL_/.test(code)) return `A certificate or key of the TLS settings cannot be used (${code}).`;
  return `No secure connection could be made (${code}).`;
}

const refusesCertificate = /ALERT_(UNKNOWN_CA|((BAD|UNSUPPORTED)_)?CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;
const keyMismatch = /KEY_VALUES_MISMATCH/;

function tlsFieldFor(code: string): TlsField | undefined {
  if (/WRONG_VERSION_NUMBER|EPROTO/.test(code)) return undefined; // it is the address that is wrong
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') return 'server_name';
  if (keyMismatch.test(code)) return 'key';
  return /ALERT_|_OSSL_/.test(code) ? 'cert' : 'ca';
}
