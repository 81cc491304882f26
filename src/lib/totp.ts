/** Seconds that a code is shown for (RFC 6238). */
const period = 30;

/** A new secret, in base32 as authenticator apps take it: 160 bits. */
export async function newTotpSecret(): Promise<string> {
  const { Secret } = await import('otpauth');
  return new Secret({ size: 20 }).base32;
}

/** What a QR code for an authenticator app says. */
export async function totpUri(secret: string, account: string): Promise<string> {
  return (await totp(secret, account)).toString();
}

/**
 * The time step that a code belongs to: this one, the one before or the one after, as clocks differ. Null for a wrong code.
 * @param at milliseconds since 1970
 */
export async function totpStep(secret: string, code: string, at = Date.now()): Promise<number | null> {
  const delta = (await totp(secret, '')).validate({ token: code, timestamp: at, window: 1 });
  return delta === null ? null : Math.floor(at / 1000 / period) + delta;
}

async function totp(secret: string, label: string) {
  const { Secret, TOTP } = await import('otpauth');
  return new TOTP({
    issuer: 'Patchbay',
    label,
    algorithm: 'SHA1',
    digits: 6,
    period,
    secret: Secret.fromBase32(secret),
  });
}
