import type { Context } from 'hono';
import { compareAddress, type Route } from '../../services/doctor/address.ts';
import { checkAllSecrets, examineHub, lastSecretsCheck } from '../../services/doctor/examination.ts';
import type { Finding } from '../../services/doctor/finding.ts';
import { endedBadly } from '../../services/doctor/jobs.ts';
import { jobStatus } from '../../services/job-status.ts';
import type { Upkeep } from '../../services/upkeep.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ShownAddress, ShownFinding, ShownJob } from '../view-models/operator-upkeep.ts';
import { eventRow } from './operator-activity.ts';
import { operatorShell } from './operator-shell.ts';

/** How the hub is, as `make doctor` sees it, and as the browser does. */
export const operatorDoctorPages = (tools: PageTools, upkeep: Upkeep): PageRoute[] => [
  operatorPage(tools.hub, { method: 'get', path: paths.operatorDoctor, audit: null, example: {} }, async (ctx, c) => {
    const findings = (await examineHub(ctx, upkeep)).sort((a, b) => order[a.level] - order[b.level]);
    const checked = await lastSecretsCheck(ctx);
    const count = (level: Finding['level']) => findings.filter((each) => each.level === level).length;
    return tools.html(c, 'operator/doctor', {
      shell: operatorShell(tools, c, 'Doctor', 'doctor'),
      findings: findings.map(shown),
      failed: count('fail'),
      warned: count('warn'),
      secrets: checked && { finding: shown(checked.finding), event: eventRow(checked.event) },
      address: addressOf(tools, c),
      jobs: (await jobStatus(tools.hub)).map(shownJob),
    });
  }),
  operatorPage(tools.hub, { method: 'get', path: paths.doctorAddress, audit: null, example: {} }, (_ctx, c) =>
    tools.html(c, 'operator/_address', { address: addressOf(tools, c) }),
  ),
  operatorPage(
    tools.hub,
    { method: 'post', path: paths.doctorSecrets, audit: 'hub.secrets_checked', example: {} },
    async (ctx, c) => {
      const { level, message } = await checkAllSecrets(ctx, upkeep);
      leaveNotice(c, tools.hub, { tone: level === 'ok' ? 'ok' : 'bad', name: 'Secrets:', text: message.slice(0, 200) });
      return tools.redirect(c, `${paths.operatorDoctor}#secrets`);
    },
  ),
];

/** The worst first. */
const order: Record<Finding['level'], number> = { fail: 0, warn: 1, ok: 2 };

const shown = ({ check, level, message, next }: Finding): ShownFinding => ({ check, level, message, next: next ?? '' });

const shownJob = (job: Awaited<ReturnType<typeof jobStatus>>[number]): ShownJob => ({
  ...{ name: job.name, lastRunAt: job.lastRunAt, waiting: job.waiting, dead: job.dead },
  error: endedBadly(job) ? (job.lastError ?? 'No reason was kept.') : '',
});

const sources = {
  browser: 'Your browser',
  proxy: 'The proxy',
  request: 'The request',
} as const;

function addressOf({ hub }: PageTools, c: Context<Env>): ShownAddress {
  const { source, parts, findings } = compareAddress(hub.config, routeOf(c));
  return {
    source: source ? sources[source] : 'Not told',
    parts: parts.map(({ part, seen, wanted, same }) => ({
      ...{ part, same, wanted: wanted || 'none' },
      seen: seen === null ? 'not told' : seen || 'none',
    })),
    findings: findings.map(shown),
  };
}

function routeOf(c: Context<Env>): Route {
  const header = (name: string) => c.req.header(name) ?? null;
  // What another site says must not end up in advice; a browser that says nothing here may come from one.
  const referer = header('sec-fetch-site') === 'same-origin' ? header('referer') : null;
  return {
    browser: header('hx-current-url') ?? referer,
    host: header('host'),
    forwarded: {
      proto: header('x-forwarded-proto'),
      host: header('x-forwarded-host'),
      port: header('x-forwarded-port'),
      prefix: header('x-forwarded-prefix'),
    },
    forwardedFor: header('x-forwarded-for'),
    peer: c.env?.incoming?.socket?.remoteAddress ?? null,
  };
}
