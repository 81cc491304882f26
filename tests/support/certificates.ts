import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Certificates made for one run, by openssl. */
export interface Certificates {
  authority(name: string): void;
  /** @param days 0 for one that has expired */
  issue(name: string, options?: { by?: string; common?: string; names?: string; days?: string }): void;
  selfSigned(name: string, names: string): void;
  pem(file: string): string;
  /** Certificate and key, as servers and clients take them. */
  pair(name: string): { cert: string; key: string };
  remove(): void;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function certificates(): Certificates {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-certificates-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const pem = (file: string) => readFileSync(path.join(dir, file), 'utf8');
  const files = (name: string) => ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  return {
    pem,
    pair: (name) => ({ cert: pem(`${name}.crt`), key: pem(`${name}.key`) }),
    authority: (name) => void openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, ...files(name)),
    selfSigned: (name, names) =>
      void openssl(
        ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', `subjectAltName=${names}`, ...files(name)],
      ),
    issue(name, { by = 'ca', common = name, names = '', days = '2' } = {}) {
      openssl('req', '-new', ...newKey, '-subj', `/CN=${common}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const extension = names ? `subjectAltName=${names}\n` : 'basicConstraints=CA:FALSE\n';
      writeFileSync(path.join(dir, `${name}.ext`), extension);
      const signer = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
      const made = ['-days', days, '-extfile', `${name}.ext`, '-out', `${name}.crt`];
      openssl('x509', '-req', '-in', `${name}.csr`, ...signer, ...made);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
