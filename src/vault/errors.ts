export type VaultErrorCode = 'unknown_master_key' | 'unknown_data_key' | 'does_not_open' | 'malformed' | 'no_keys';

/** Something sealed could not be opened. The message never holds a secret. */
export class VaultError extends Error {
  override name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
