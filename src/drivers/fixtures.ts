import type { FieldErrors } from '../errors.ts';
import type { Values } from './driver.ts';

/** What a person could enter for a connector. */
export interface Sample {
  config: Values;
  auth: Values;
}

/** Examples in each driver's fixtures.ts; every validation is held against them. */
export interface Fixtures {
  /** Only what is required. */
  minimal: Sample;
  /** Every field set, once for each auth method. */
  maximal: Sample[];
  invalid: (Sample & { errors: FieldErrors })[];
}

const pem = (label: string) =>
  `-----BEGIN ${label}-----\nTm90IGEgcmVhbCBvbmUsIG9ubHkgYW4gZXhhbXBsZS4=\n-----END ${label}-----\n`;

/** Has the form of a private key and is none. */
export const fakePrivateKey = pem('PRIVATE KEY');

/** Every field of the `tls` group. */
export const fakeTls = {
  ca: pem('CERTIFICATE'),
  cert: pem('CERTIFICATE'),
  key: fakePrivateKey,
  server_name: 'internal.example.com',
};

export const required = 'This field is required.';
