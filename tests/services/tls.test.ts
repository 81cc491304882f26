import { createServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer as createPlain, type Server, type Socket } from 'node:net';
import { createSecureContext, getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refreshTokens } from '../../src/auth/oauth2-code.ts';
import type { Ctx, Hub } from '../../src/context.ts';
import type { LoadedDriver, Values } from '../../src/drivers/driver.ts';
import type { Fixtures, Sample } from '../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { createLog } from '../../src/lib/log.ts';
import { parseAllowedHosts } from '../../src/lib/outbound/addresses.ts';
import { createOutbound } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { obtainToken } from '../../src/services/authorizations/obtained-tokens.ts';
import { callTokenEndpoint } from '../../src/services/authorizations/token-endpoint.ts';
import { destinationGuard } from '../../src/services/calls/destinations.ts';
import { runCheck } from '../../src/services/health/health-steps.ts';
import { type Certificates, certificates } from '../support/certificates.ts';

// Every driver with a `tls` group, found by itself, with every method of its fixtures; and every token endpoint that they have.

interface Place {
  https: number;
  postgres: number;
}

const here = '127.0.0.1';
const names = `IP:${here}`;
let made: Certificates;
const places = new Map<string, Place>();
const servers: (Server | HttpsServer)[] = [];
const sockets = new Set<Socket>();
let requests = 0;
const publicAuthorities = getCACertificates('default');

/** What is wrong or right, and the field that a failing check names; null when TLS is fine. */
interface Case {
  title: string;
  at: string;
  tls: () => Values;
  field: string | null;
  sentence?: RegExp;
}

const ca = () => ({ ca: made.pem('ca.crt') });
const cases: Case[] = [
  { title: 'a certificate that everybody trusts', at: 'public', tls: () => ({}), field: null },
  { title: 'an authority of its own', at: 'good', tls: ca, field: null },
  {
    title: 'an authority that nobody entered',
    at: 'good',
    tls: () => ({}),
    field: 'config.tls.ca',
    sentence: /not known/,
  },
  {
    title: 'a self-signed certificate',
    at: 'self',
    tls: () => ({}),
    field: 'config.tls.ca',
    sentence: /signed by itself/,
  },
  {
    title: 'a self-signed certificate that was entered',
    at: 'self',
    tls: () => ({ ca: made.pem('self.crt') }),
    field: null,
  },
  { title: 'another name', at: 'elsewhere', tls: ca, field: 'config.tls.server_name', sentence: /another name/ },
  {
    title: 'another name that was entered',
    at: 'elsewhere',
    tls: () => ({ ...ca(), server_name: 'elsewhere.example' }),
    field: null,
  },
  { title: 'an expired certificate', at: 'expired', tls: ca, field: 'config.tls.ca', sentence: /has expired/ },
  {
    title: 'a client certificate that is missing',
    at: 'asking',
    tls: ca,
    field: 'config.tls.cert',
    sentence: /client certificate/,
  },
  {
    title: 'a client certificate that is given',
    at: 'asking',
    tls: () => ({ ...ca(), ...made.pair('client') }),
    field: null,
  },
  {
    title: 'the key of another client certificate',
    at: 'asking',
    tls: () => ({ ...ca(), cert: made.pem('client.crt'), key: made.pem('good.key') }),
    field: 'config.tls.key',
    sentence: /does not belong/,
  },
];

beforeAll(async () => {
  made = certificates();
  for (const name of ['ca', 'everybody']) made.authority(name);
  made.issue('public', { by: 'everybody', names });
  made.issue('good', { names });
  made.issue('elsewhere', { names: 'DNS:elsewhere.example' });
  made.issue('expired', { names, days: '0' });
  made.issue('client');
  made.selfSigned('self', names);
  setDefaultCACertificates([...publicAuthorities, made.pem('everybody.crt')]);
  for (const name of ['public', 'good', 'elsewhere', 'expired', 'self']) places.set(name, await serve(made.pair(name)));
  places.set('asking', await serve({ ...made.pair('good'), ...ca(), ...asking }));
}, 60_000);
afterAll(async () => {
  setDefaultCACertificates(publicAuthorities);
  await outbound.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  made?.remove();
});

// With TLS 1.3 a refusal comes after the handshake, and may be lost with what was sent meanwhile.
const asking = { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' } as const;

type Options = Parameters<typeof createSecureContext>[0] & { requestCert?: boolean; rejectUnauthorized?: boolean };

/** A web server and what begins like a PostgreSQL server, with this certificate. */
async function serve(options: Options): Promise<Place> {
  const https = createServer(options ?? {}, (request, response) => {
    requests += 1;
    response.setHeader('content-type', 'application/json');
    const token = { access_token: 'made-up', token_type: 'Bearer', expires_in: 60 };
    const account = { id: 1, login: 'octo', name: 'Octo' };
    response.end(JSON.stringify(request.method === 'POST' ? token : account));
  });
  const postgres = createPlain((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { ...options, isServer: true, secureContext: createSecureContext(options) });
      secure.on('error', () => {});
      // The first thing that it is told: it knows no such password.
      secure.once('data', () => {
        requests += 1;
        secure.write(refusal);
      });
    });
  });
  const [first, second] = await Promise.all([https, postgres].map(listen));
  return { https: first ?? 0, postgres: second ?? 0 };
}

function listen(server: Server | HttpsServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  return new Promise((resolve) => server.listen(0, here, () => resolve((server.address() as AddressInfo).port)));
}

const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0Mwrong password\0\0');
const length = Buffer.alloc(4);
length.writeInt32BE(fields.length + 4);
const refusal = Buffer.concat([Buffer.from('E'), length, fields]);

const outbound = createOutbound({
  allowed: parseAllowedHosts('127.0.0.1/32'),
  overrides: parseOverrides('{}'),
  ownPort: 1,
});
let tenants = 0;
/** Of a workspace of its own: what failed for one pauses for that one. */
function ctx(): Ctx {
  tenants += 1;
  const tenantId = `0197a8e2-5d7c-7cc1-9a55-${String(tenants).padStart(12, '0')}`;
  return { hub: { outbound, config: {} } as Hub, tenantId, log: createLog('silent') } as Ctx;
}

/** The same settings at another place: every address of theirs leads there. */
function moved({ config, auth }: Sample, { https, postgres }: Place, tls: Values): Sample {
  const to = (value: unknown): unknown => {
    const url = typeof value === 'string' && value.startsWith('https://') ? URL.parse(value) : null;
    return url ? `https://${here}:${https}${url.pathname.replace(/\/$/, '')}` : value;
  };
  const mapped = (values: Values) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]));
  const database = 'host' in config ? { host: here, port: postgres } : {};
  const { tls: _, ...rest } = mapped(config);
  return { config: { ...rest, ...database, ...(Object.keys(tls).length && { tls }) }, auth: mapped(auth) };
}

async function check(driver: LoadedDriver, { config, auth }: Sample, failure?: unknown) {
  const addresses = driver.destinations(config, auth);
  const failing = { ...driver, checkHealth: () => Promise.reject(failure as Error) };
  const target = {
    ...{ driver: failure ? failing : driver, config, auth, addresses },
    destinations: destinationGuard(addresses, []),
  };
  const { steps } = await runCheck(ctx(), target);
  return steps.find(({ status }) => status === 'failed');
}

/** Whether the service of these settings is where their address says. */
function moves(driver: LoadedDriver, sample: Sample): boolean {
  const at = moved(sample, { https: 1234, postgres: 1234 }, {});
  return Boolean(driver.destinations(at.config, at.auth)[0]?.includes(`${here}:1234`));
}

const drivers = [...(await loadDrivers()).values()];
const withTls = drivers.filter(({ entry }) => entry.configSchema.properties?.tls);
const samples = await Promise.all(
  withTls.map(async (driver) => {
    const { fixtures } = (await import(`../../src/drivers/${driver.entry.key}/fixtures.ts`)) as { fixtures: Fixtures };
    const { entry } = driver;
    return entry.authMethods.flatMap((method) => {
      const full = fixtures.maximal.find(({ auth }) => auth.method === method)?.auth ?? { method };
      // What some fields choose lies elsewhere, whatever the address says.
      const auths = [full, { ...full, issued_by: 'site' }];
      const config = fixtures.maximal[0]?.config ?? {};
      const auth = auths.find((each) => moves(driver, { config, auth: each }));
      return auth ? [{ driver, method, sample: { config, auth } }] : [];
    });
  }),
);
const entries = samples.flat().map((each) => ({ ...each, name: `${each.driver.entry.key} by ${each.method}` }));

function expectTold(failed: Awaited<ReturnType<typeof check>>, { field, sentence }: Case, what: string) {
  if (field === null) return expect(failed?.field ?? '', `${what}: ${failed?.message}`).not.toContain('config.tls');
  expect(failed, what).toMatchObject({ field, message: expect.stringMatching(sentence ?? /./) });
}

it('every entry with an address in its settings has TLS settings', () => {
  expect(withTls.map(({ entry }) => entry.key)).toEqual(
    expect.arrayContaining(['github', 'openai', 'postgresql', 'wordpress']),
  );
  const places = (driver: LoadedDriver) =>
    Object.entries(driver.entry.configSchema.properties ?? {}).filter(
      ([name, field]) => field.format === 'uri' || name === 'host',
    );
  for (const driver of drivers)
    expect(places(driver).length === 0 || withTls.includes(driver), `${driver.entry.key} lacks tls`).toBe(true);
});

describe.each(cases)('$title', (each) => {
  const place = () => places.get(each.at) as Place;

  it.each(entries)('$name', async ({ driver, sample, name }) => {
    const before = requests;
    // As whom it asks is decided at the service: with anything, a request gets there or does not.
    const at = moved(sample, place(), each.tls());
    const asked = {
      ...at,
      auth: ['oauth2', 'client_credentials'].includes(String(at.auth.method))
        ? { ...at.auth, access_token: 'made-up' }
        : at.auth,
    };
    const failed = await check(driver, asked);
    expectTold(failed, each, name);
    if (each.field) expect(requests).toBe(before);
    else expect(requests).toBeGreaterThan(before);
  });

  const clients = entries.filter(({ method }) => method === 'client_credentials');
  it.each(clients)('the token endpoint of $name', async ({ driver, sample, name }) => {
    const { config, auth } = moved(sample, place(), each.tls());
    const destinations = destinationGuard(driver.destinations(config, auth), []);
    const asking = obtainToken(ctx(), { driver, config, client: auth, destinations }, name);
    await expectToken(asking, { driver, config, auth }, each, name);
  });

  const refreshing = entries.filter(({ method, driver }) => method === 'oauth2' && endpointMoves(driver));
  it.each(refreshing)('a refresh of $name', async ({ driver, sample, name }) => {
    const { oauth: provider } = driver;
    const { config, auth } = moved(sample, place(), each.tls());
    if (!provider) throw new Error(`${name} has no endpoints`);
    const endpoints = provider.endpoints(config);
    const endpoint = { driver, config, address: endpoints.token, allows: () => true, secrets: [] };
    const client = { id: 'client', secret: 'made-up-secret' };
    const asking = callTokenEndpoint(ctx(), endpoint, name, (fetch) =>
      refreshTokens({ provider, endpoints, client, fetch }, 'made-up-refresh-token'),
    );
    await expectToken(asking, { driver, config, auth }, each, name);
  });
});

/** Where a token endpoint stands still, there is nothing to trust by oneself. */
function endpointMoves(driver: LoadedDriver): boolean {
  const sample = entries.find((each) => each.driver === driver && each.method === 'oauth2')?.sample;
  if (!sample || !driver.oauth) return false;
  const at = moved(sample, { https: 1234, postgres: 1234 }, {});
  return driver.oauth.endpoints(at.config).token.startsWith(`https://${here}:1234`);
}

/** A token, or a failure of which the check at a healthy place says what to mend. */
async function expectToken(
  asking: Promise<{ value: Values }>,
  { driver, config, auth }: Sample & { driver: LoadedDriver },
  each: Case,
  what: string,
) {
  const ending = await asking.then(
    ({ value }) => value.access_token,
    (error: unknown) => error,
  );
  if (each.field === null) return expect(ending, what).toBe('made-up');
  expect(ending).toBeInstanceOf(Error);
  const healthy = moved({ config, auth }, places.get('public') as Place, {});
  expectTold(await check(driver, healthy, ending), each, what);
}
