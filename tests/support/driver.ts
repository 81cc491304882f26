import type { Ctx, Hub } from '../../src/context.ts';
import type { ExecutionContext, LoadedDriver, SideEffect, Values } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { createLog } from '../../src/lib/log.ts';
import { parseAllowedHosts } from '../../src/lib/outbound/addresses.ts';
import { createOutbound, type Outbound } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { type CallReport, callOpened } from '../../src/services/calls/calls.ts';
import { destinationGuard } from '../../src/services/calls/destinations.ts';
import { wiring } from '../sandbox/wiring.ts';

/** One driver, called as the hub calls it, without a database. */
export interface DriverHarness {
  driver: LoadedDriver;
  outbound: Outbound;
  call<T>(auth: Values, run: (context: ExecutionContext) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Runs a tool by its slug. */
  tool(auth: Values, slug: string, input: Values, options?: CallOptions): Promise<Values>;
  close(): Promise<void>;
}

interface CallOptions {
  config?: Values;
  sideEffect?: SideEffect;
  deadlineMs?: number;
  /** Told in the end, also when the call failed. */
  onReport?: (report: CallReport) => void;
}

/** Of our stand-ins by their names, or of anything by its origin. */
function wiringOf(stand: Record<string, string>) {
  if (!Object.keys(stand)[0]?.startsWith('https://')) return wiring(stand);
  const hosts = Object.values(stand).map((url) => new URL(url).host);
  return { UPSTREAM_OVERRIDES: JSON.stringify(stand), ALLOWED_PRIVATE_HOSTS: [...new Set(hosts)].join(',') };
}

/** @param tenantId calls of one tenant to one host share their breaker; tests that break a host take one of their own */
export async function driverHarness(
  named: string | LoadedDriver,
  stand: Parameters<typeof wiring>[0] | Record<`https://${string}`, string>,
  tenantId = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78',
): Promise<DriverHarness> {
  const driver = typeof named === 'string' ? (await loadDrivers()).get(named) : named;
  if (!driver) throw new Error(`There is no driver ${named}`);
  const { key } = driver.entry;
  const env = wiringOf(stand);
  const outbound = createOutbound({
    allowed: parseAllowedHosts(env.ALLOWED_PRIVATE_HOSTS),
    overrides: parseOverrides(env.UPSTREAM_OVERRIDES),
    ownPort: 1,
  });
  const ctx = { hub: { outbound } as Hub, tenantId, log: createLog('silent') } as Ctx;
  const call: DriverHarness['call'] = async (
    auth,
    run,
    { config = {}, sideEffect = 'none', deadlineMs, onReport } = {},
  ) => {
    const destinations = destinationGuard(driver.destinations(config, auth), []);
    const target = { driver, config, auth, destinations };
    const { value, report } = await callOpened(ctx, target, { sideEffect, deadlineMs }, run, onReport);
    onReport?.(report);
    return value;
  };
  return {
    driver,
    outbound,
    call,
    tool: (auth, slug, input, options) => {
      const tool = driver.tools?.find((each) => each.slug === slug);
      if (!tool) throw new Error(`${key} has no tool ${slug}`);
      const settings = { sideEffect: tool.sideEffect, ...options };
      return call(auth, (context) => tool.run(context, input), settings) as Promise<Values>;
    },
    close: () => outbound.close(),
  };
}
