import { setTimeout as sleep } from 'node:timers/promises';
import { clientCredentialsGrant } from '../../auth/client-credentials.ts';
import type { Granted } from '../../auth/oauth2-code.ts';
import type { Ctx } from '../../context.ts';
import { type LoadedDriver, ServiceError, type Values } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { secretsIn } from '../calls/echoes.ts';
import type { OpenedTarget } from '../calls/opened-targets.ts';
import { callTokenEndpoint } from './token-endpoint.ts';

type Opened = Pick<OpenedTarget, 'config' | 'client' | 'destinations'> & { driver: LoadedDriver };

/**
 * A token by the client's own credentials, from the token endpoint that its settings name. Asking twice does no harm, so what may pass
 * is tried again as they say; each time anew, because services take an assertion once.
 * @param name what people know the connection by
 * @throws ServiceError
 */
export async function obtainToken(
  ctx: Ctx,
  { driver, config, client, destinations }: Opened,
  name: string,
): Promise<Granted> {
  const endpoint = {
    ...{ driver, config, address: String(client.token_url), allows: destinations.allowsTokens },
    secrets: secretsIn(driver, config, client),
  };
  const patience = patienceOf(client);
  const until = Date.now() + patience.deadlineMs;
  for (let attempt = 1; ; attempt++) {
    const limits = { attempts: 1, deadlineMs: Math.max(1, until - Date.now()) };
    try {
      return await callTokenEndpoint(ctx, { ...endpoint, limits }, name, (fetch) =>
        clientCredentialsGrant(client, fetch),
      );
    } catch (error) {
      const waitMs = waitFor(error, patience, attempt);
      if (waitMs === null || Date.now() + waitMs >= until) throw error;
      await sleep(waitMs);
    }
  }
}

interface Patience {
  attempts: number;
  baseMs: number;
  capMs: number;
  deadlineMs: number;
}

/** The defaults are those of the fields; entries without such fields go by them too. */
function patienceOf(client: Values): Patience {
  const { token_retries = 3, token_retry_base_s = 0.5, token_retry_cap_s = 8, token_deadline_s = 20 } = client;
  const ms = (seconds: unknown) => Number(seconds) * 1000;
  return {
    attempts: Number(token_retries) + 1,
    ...{ baseMs: ms(token_retry_base_s), capMs: ms(token_retry_cap_s), deadlineMs: ms(token_deadline_s) },
  };
}

/** Milliseconds until the next try: doubling, a quarter more or less, unless the service says when. Null when there must be none. */
function waitFor(error: unknown, { attempts, baseMs, capMs }: Patience, attempt: number): number | null {
  if (attempt >= attempts || !(error instanceof ServiceError) || error.permanent) return null;
  if (error.cause instanceof OutboundError && hopeless.includes(error.cause.code)) return null;
  const jitter = 0.75 + (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) / 512;
  return error.retryAfterMs ?? Math.min(capMs, baseMs * 2 ** (attempt - 1)) * jitter;
}

/** What no waiting changes. */
const hopeless = ['blocked', 'cancelled', 'redirect_refused', 'tls', 'too_large'];
