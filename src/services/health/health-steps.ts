import type { Ctx } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { CheckStep, Health } from '../../db/schema/index.ts';
import { type Account, type LoadedDriver, ServiceError } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { type ProbeStep, probe } from '../../lib/outbound/probe.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { secretFields } from '../../lib/schema/walk.ts';
import { deadlineIn, firstOf } from '../../lib/signals.ts';
import type { Standing } from '../brokers/account-standing.ts';
import { type CallReport, callOpened } from '../calls/calls.ts';
import { plainAccount, plainMessage, secretsIn } from '../calls/echoes.ts';
import type { OpenedTarget } from '../calls/opened-targets.ts';
import type { RateLimit } from '../calls/rate-limit-headers.ts';

/** How a check went, step by step. */
export interface CheckOutcome {
  /** `passed` may have warnings; `failed` names the first step that did. */
  verdict: 'passed' | 'warned' | 'failed';
  steps: CheckStep[];
  /** The one sentence that tells it. */
  message: string;
  latencyMs: number;
  /** Who is connected; null when it was not asked or the check failed before. */
  account: Account | null;
  /** True when only a person can mend it: the service refuses the credential. */
  credentialRefused: boolean;
  /** How a broker says that the account stands; null or absent where there is no broker, or it could not be asked. */
  standing?: Standing | null;
  rateLimit: RateLimit | null;
}

/** What one check says by itself; a connection's health also looks at those before. */
export const healthOf = ({ verdict }: Pick<CheckOutcome, 'verdict'>): Health =>
  verdict === 'failed' ? 'unhealthy' : verdict === 'warned' ? 'degraded' : 'healthy';

export type CheckTarget = Pick<OpenedTarget, 'config' | 'auth' | 'destinations'> & {
  driver: LoadedDriver;
  /** What the driver says for these settings; the first address is the one that is probed. */
  addresses: string[];
  /** Nobody has authorised an account yet: there is nobody to ask the service as. */
  unconnected?: boolean;
};

const names = ['address', 'connection', 'tls', 'reply', 'authentication', 'permission'] as const;
const deadlineMs = 20_000;

/** Goes through the steps until one fails; the later ones are skipped then. Nothing is stored. */
export async function runCheck(ctx: Ctx, target: CheckTarget, signal?: AbortSignal): Promise<CheckOutcome> {
  const started = performance.now();
  const time = deadlineIn(deadlineMs);
  const { steps, talk } = await tryAll(ctx, target, firstOf(time.signal, signal)).finally(time.clear);
  for (const name of names.slice(steps.length))
    steps.push({ name, status: 'skipped', duration_ms: null, message: 'Not tried, because an earlier step failed.' });
  const failed = steps.find(({ status }) => status === 'failed');
  const warned = steps.find(({ status }) => status === 'warning');
  return {
    verdict: failed ? 'failed' : warned ? 'warned' : 'passed',
    steps,
    message: failed?.message ?? warned?.message ?? talk?.message ?? 'The address answers.',
    latencyMs: Math.round(performance.now() - started),
    account: talk?.account ?? null,
    credentialRefused: failed?.name === 'authentication',
    rateLimit: talk?.report?.rateLimit ?? null,
  };
}

/** What cannot even be tried, because what is saved does not open any more: nobody is asked. */
export function unreadable(message: string): CheckOutcome {
  const steps = names.map(
    (name): CheckStep =>
      name === 'authentication'
        ? { name, status: 'failed', duration_ms: null, message }
        : { name, status: 'skipped', duration_ms: null, message: 'Not tried, because a saved secret does not open.' },
  );
  return { verdict: 'failed', steps, message, latencyMs: 0, account: null, credentialRefused: true, rateLimit: null };
}

async function tryAll(ctx: Ctx, target: CheckTarget, deadline: AbortSignal) {
  const steps = await networkSteps(ctx, target, deadline);
  const talk = steps.some(({ status }) => status === 'failed') ? null : await talkSteps(ctx, target, deadline);
  return { steps: [...steps, ...(talk?.steps ?? [])], talk };
}

/** A credential of somebody else is no healthy one, even if the service likes it. */
export function sameAccount(
  connection: Pick<ConnectionRow, 'externalAccountId' | 'accountLabel'>,
  outcome: CheckOutcome,
): CheckOutcome {
  const { account } = outcome;
  if (!account || !connection.externalAccountId || account.externalId === connection.externalAccountId) return outcome;
  const message = `The credential belongs to ${account.label} now, and not to ${connection.accountLabel ?? 'the account that was connected'}. Connect the right account again.`;
  const steps = outcome.steps.map((step) =>
    step.name === 'authentication' ? { ...step, status: 'failed' as const, message } : step,
  );
  return { ...outcome, verdict: 'failed', credentialRefused: true, account: null, steps, message };
}

async function networkSteps(ctx: Ctx, target: CheckTarget, signal: AbortSignal): Promise<CheckStep[]> {
  const origin = target.addresses.find((address) => /^[a-z]+:\/\/[^ ?]+$/.test(address));
  if (!origin)
    return (['address', 'connection', 'tls'] as const).map((name) => skipped(name, 'There is no address to try.'));
  const tls = target.config.tls as Parameters<typeof probe>[2];
  const steps = (await probe(origin, ctx.hub.outbound.policy, tls, signal)).map((step) => shown(step, origin, target));
  const plain = steps.length === 2 && steps.every(({ status }) => status === 'passed');
  const why = origin.startsWith('http:') ? 'The address is a plain http one.' : 'It is tried together with signing in.';
  return plain ? [...steps, skipped('tls', why)] : steps;
}

const skipped = (name: CheckStep['name'], message: string): CheckStep => ({
  name,
  status: 'skipped',
  duration_ms: null,
  message,
});

const passed: Record<ProbeStep['name'], (host: string) => string> = {
  address: (host) => `${host} has an address that may be called.`,
  connection: (host) => `${host} takes connections.`,
  tls: (host) => `${host} shows a certificate that is trusted.`,
};

function shown({ name, durationMs, error }: ProbeStep, origin: string, target: CheckTarget): CheckStep {
  const { host } = new URL(origin);
  if (!error) return { name, status: 'passed', duration_ms: durationMs, message: passed[name](host) };
  const field = (name === 'tls' && tlsField(target.driver, error)) || addressField(target, origin);
  return {
    name,
    status: 'failed',
    duration_ms: durationMs,
    message: error.code === 'blocked' ? error.message : `${host}: ${error.message}`,
    ...(field && { field }),
  };
}

/** The TLS setting that mends a failure on the way, wherever in an error it stands; for entries that have such settings. */
function tlsField({ entry }: LoadedDriver, error: unknown): string | undefined {
  if (!entry.configSchema.properties?.tls) return undefined;
  let each = error;
  for (let depth = 0; each instanceof Error && depth < 5; depth++) {
    if (each instanceof OutboundError && each.mend) return `config.tls.${each.mend}`;
    each = each.cause;
  }
  return undefined;
}

/** The field that holds this address, by value or by default. */
function addressField({ driver, config }: CheckTarget, origin: string): string | undefined {
  const { properties = {} } = driver.entry.configSchema;
  const url = new URL(origin);
  const web = url.protocol.startsWith('http');
  const holds = (value: unknown) =>
    typeof value === 'string' && (web ? URL.parse(value)?.origin === origin : value.toLowerCase() === bareHost(url));
  const found = Object.entries(properties).find(([name, field]: [string, JsonSchema]) =>
    holds(config[name] ?? field.default),
  );
  return found && `config.${found[0]}`;
}

const bareHost = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '').toLowerCase();

interface Talk {
  steps: CheckStep[];
  message?: string;
  account?: Account;
  report?: CallReport;
}

const unasked = (why: string): Talk => ({
  steps: (['reply', 'authentication', 'permission'] as const).map((name) => skipped(name, why)),
});

/** What the service itself says: does it answer, does it know the credential, may the credential do the usual. */
async function talkSteps(ctx: Ctx, target: CheckTarget, signal: AbortSignal): Promise<Talk> {
  const { driver } = target;
  const { checkHealth, whoami } = driver;
  if (target.unconnected) return unasked(`${driver.entry.name} can be asked more once an account is connected.`);
  if (!checkHealth) return unasked(`This version cannot ask ${driver.entry.name} more.`);
  const started = performance.now();
  const took = () => Math.round(performance.now() - started);
  let failedReport: CallReport | undefined;
  try {
    const options = { sideEffect: 'none', deadlineMs, signal, probing: true } as const;
    const { value, report } = await callOpened(
      ctx,
      target,
      options,
      async (context) => ({ health: await checkHealth(context), account: await whoami?.(context) }),
      (report) => {
        failedReport = report;
      },
    );
    const secrets = secretsIn(driver, target.config, target.auth);
    const account = value.account && plainAccount(value.account, secrets);
    const warning = plainMessage((value.health.warnings ?? []).join(' '), secrets);
    return {
      steps: goodSteps(warning, account, took()),
      message: plainMessage(value.health.message, secrets),
      account,
      report,
    };
  } catch (error) {
    return { steps: failedSteps(target, error, took()), report: failedReport };
  }
}

function goodSteps(warning: string, account: Account | undefined, duration: number): CheckStep[] {
  return [
    { name: 'reply', status: 'passed', duration_ms: duration, message: 'The service answers as expected.' },
    {
      name: 'authentication',
      status: 'passed',
      duration_ms: null,
      message: account
        ? `The service knows the credential as ${account.label}.`
        : 'The service accepts the credential.',
    },
    warning
      ? { name: 'permission', status: 'warning', duration_ms: null, message: warning }
      : {
          name: 'permission',
          status: 'passed',
          duration_ms: null,
          message: 'The credential may do what a check asks for.',
        },
  ];
}

/** Which step a failure belongs to; those before it have passed. */
function failedSteps({ driver, auth }: CheckTarget, error: unknown, duration: number): CheckStep[] {
  const { name, field = tlsField(driver, error), message } = judged(error);
  const before = names.slice(3, names.indexOf(name)).map(
    (each): CheckStep => ({
      name: each,
      status: 'passed',
      duration_ms: null,
      message: each === 'reply' ? 'The service answers.' : 'The service accepts the credential.',
    }),
  );
  // What a service granted stands in no field: then the account is to be connected again.
  const [secret] = driver.needsConnection(auth) ? [] : secretFields(driver.entry.authSchema, auth);
  const mend = field ?? (name === 'authentication' && secret ? `auth.${secret}` : undefined);
  return [...before, { name, status: 'failed', duration_ms: duration, message, ...(mend && { field: mend }) }];
}

function judged(error: unknown): { name: CheckStep['name']; field?: string; message: string } {
  if (error instanceof ServiceError) {
    const step = { credential: 'authentication', permission: 'permission' } as const;
    return { name: step[error.fault as keyof typeof step] ?? 'reply', field: error.field, message: error.message };
  }
  if (error instanceof OutboundError) return { name: 'reply', message: error.message };
  throw error; // a defect of ours is not the service's fault
}
