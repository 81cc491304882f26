import { lookup } from 'node:dns/promises';
import { type Finding, fail, ok, type Patient } from './finding.ts';

const patienceMs = 5_000;

/** Whether the hub gets out to the one address that the operator named; without one nothing is asked. */
export async function checkEgress({ config: { egressUrl } }: Pick<Patient, 'config'>): Promise<Finding[]> {
  if (!egressUrl) return [];
  const { origin, hostname } = new URL(egressUrl);
  try {
    await lookup(hostname.replace(/^\[|\]$/g, ''));
  } catch (error) {
    return [
      fail(
        'egress',
        `The name ${hostname} is not found (${codeOf(error)}).`,
        'Correct the DNS of this machine or DOCTOR_EGRESS_URL.',
      ),
    ];
  }
  try {
    const started = performance.now();
    const { status } = await fetch(egressUrl, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    });
    return [ok('egress', `${origin} answers (${status}) after ${Math.round(performance.now() - started)} ms.`)];
  } catch (error) {
    return [
      fail(
        'egress',
        `${origin} is not reached (${codeOf(error)}).`,
        'Let the firewall pass it, and see that its certificate is trusted here. The hub uses no HTTP proxy.',
      ),
    ];
  }
}

/** `ENOTFOUND`, `ECONNREFUSED`, `TimeoutError` and the like: fetch keeps the reason in `cause`. */
function codeOf(error: unknown): string {
  const { cause, code, name } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? code ?? cause?.name ?? name;
}
