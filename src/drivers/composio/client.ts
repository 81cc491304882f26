import type { Composio } from '@composio/core';
import type { ExecutionContext, Values } from '../driver.ts';
import { explained, tookTooLong } from './errors.ts';

/** The part of the SDK that is used; another version of it has it as well. */
export interface Sdk {
  Composio: new (options: SdkOptions) => Instance;
}
type Instance = Pick<Composio, 'getClient'>;
export type Client = ReturnType<Composio['getClient']>;

interface SdkOptions {
  apiKey: string;
  baseURL: string;
  allowTracking: boolean;
  disableVersionCheck: boolean;
}

const defaultBase = 'https://backend.composio.dev';
export const baseUrl = ({ base_url = defaultBase }: Values): string => String(base_url).replace(/\/+$/, '');
export const timeoutMs = ({ timeout_s = 60 }: Values): number => Number(timeout_s) * 1000;

interface Kept {
  apiKey: string;
  baseURL: string;
  composio: Instance;
}

/** One SDK instance for each connector, until its credential changes; each call has a client of its own made from it. */
export function createClients(load: () => Promise<Sdk>) {
  const kept = new Map<string, Kept>();

  async function instanceFor({ config, auth, connectorId }: ExecutionContext): Promise<Instance> {
    const [apiKey, baseURL] = [String(auth.api_key ?? ''), baseUrl(config)];
    const known = connectorId === null ? undefined : kept.get(connectorId);
    if (known?.apiKey === apiKey && known.baseURL === baseURL) return known.composio;
    const { Composio } = await load();
    const composio = new Composio({
      apiKey, // both always: the SDK would look into the environment and into a file at home
      baseURL,
      allowTracking: false,
      disableVersionCheck: true,
    });
    if (connectorId !== null) kept.set(connectorId, { apiKey, baseURL, composio });
    return composio;
  }

  return {
    /**
     * Runs something with the client. All that it asks goes through the call's guarded fetch, which does all waiting and repeating.
     * @param values what is sent and must not come back in a message
     * @throws ServiceError, OutboundError
     */
    async use<T>(context: ExecutionContext, work: (client: Client) => Promise<T>, values?: Values): Promise<T> {
      const instance = await instanceFor(context);
      const timeout = timeoutMs(context.config);
      let lost: unknown; // the SDK keeps only a part of it
      const fetch: typeof globalThis.fetch = (input, init) =>
        context.fetch(input, init).catch((error: unknown) => {
          const itsOwnTime = init?.signal?.aborted && !context.signal.aborted;
          lost = itsOwnTime ? tookTooLong(timeout, error) : error;
          throw lost;
        });
      const client = instance.getClient().withOptions({ fetch, timeout, maxRetries: 0, logLevel: 'off' });
      try {
        return await work(client);
      } catch (error) {
        throw explained(lost ?? error, values);
      }
    },
    release(connectorId?: string): void {
      if (connectorId === undefined) kept.clear();
      else kept.delete(connectorId);
    },
    size: () => kept.size,
  };
}
