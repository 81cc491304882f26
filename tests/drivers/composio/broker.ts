import { demo } from '../../../seeds/demo.ts';
import { createBroker } from '../../../src/drivers/composio/broker.ts';
import type { Sdk } from '../../../src/drivers/composio/client.ts';
import type { Broker, ExecutionContext, Values } from '../../../src/drivers/driver.ts';
import type { DriverHarness } from '../../support/driver.ts';

const auth = { method: 'api_key', api_key: demo.composioKey };

/** The SDK that the driver uses, and the one after it: what both give has to be the same. */
export const sdks: Record<string, () => Promise<Sdk>> = {
  '0.19.0': () => import('@composio/core'),
  '0.21.0': () => import('composio-core-next') as unknown as Promise<Sdk>,
};

type Called<F> = F extends (context: ExecutionContext, ...input: infer I) => infer R ? (...input: I) => R : never;
export type Asking = { [Name in keyof Broker]: Called<Broker[Name]> };

/** A broker's functions, each called as the hub calls it. */
export function asking(
  at: DriverHarness,
  sdk = '0.19.0',
  options: { config?: Values; key?: string; deadlineMs?: number } = {},
): Asking {
  const load = sdks[sdk];
  if (!load) throw new Error(`There is no SDK ${sdk} here.`);
  const broker = createBroker(load) as unknown as Record<
    string,
    (context: ExecutionContext, ...input: unknown[]) => Promise<unknown>
  >;
  const { key = demo.composioKey, ...settings } = options;
  return new Proxy({} as Asking, {
    get:
      (_, name: string) =>
      (...input: unknown[]) =>
        at.call({ ...auth, api_key: key }, (context) => broker[name]?.(context, ...input) ?? Promise.reject(name), {
          sideEffect: 'write',
          ...settings,
        }),
  });
}
