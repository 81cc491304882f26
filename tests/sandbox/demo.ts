import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demo } from '../../seeds/demo.ts';
import { findPostmaster, stopPostmaster } from '../../src/db/embedded/postmaster.ts';
import { startComposio } from './composio.ts';
import { publishOnce } from './demo-post.ts';
import type { StandIn } from './front.ts';
import { startGithub } from './github.ts';
import { startOauthServer } from './oauth-server.ts';
import { startOpenai } from './openai.ts';
import { startMedium, startWordpress } from './publishing.ts';
import { startLinkedin, startX } from './publishing-social.ts';
import { startSlack } from './slack.ts';
import { wiring } from './wiring.ts';

const root = path.resolve(import.meta.dirname, '../..');
const port = Number(process.env.PORT || 3000);
const baseUrl = `http://127.0.0.1:${port}`;
/** Deleted at start and end, so it is nothing that anybody may choose; two demos on different ports do not meet. */
const dataDir = path.join(root, `.data/demo-${port}`);
const ports = {
  github: port + 1001,
  slack: port + 1002,
  oauth: port + 1003,
  openai: port + 1004,
  composio: port + 1005,
  wordpress: port + 1006,
  x: port + 1007,
  linkedin: port + 1008,
  medium: port + 1009,
};

const stops: (() => Promise<unknown>)[] = [];

/** `make demo`: the stand-ins, then the hub with a demo workspace in it, until Ctrl-C. */
async function main() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  console.log('Starting the stand-ins and the hub…');
  await expectFree(port);
  const standIns = await startStandIns();
  stops.push(forget); // the last of all
  await forget();
  const env = hubEnv(standIns);
  const hub = run('src/server.ts', env);
  stops.unshift(() => end(hub));
  hub.once('exit', (code) => void stop(code ?? 1));
  await ready(hub);
  const seeding = run('seeds/demo.ts', env);
  const [code] = await once(seeding, 'exit');
  if (code !== 0) throw new Error('The demo workspace could not be filled; the reason stands above.');
  console.log(guide(standIns, await publishOnce(baseUrl)));
}

type StandIns = Record<keyof typeof ports, StandIn>;

async function startStandIns(): Promise<StandIns> {
  const redirect_uris = [`${baseUrl}/connections/oauth/callback`];
  const { github, slack } = demo.applications;
  const kept = <T extends StandIn>(standIn: T): T => {
    stops.unshift(standIn.close);
    return standIn;
  };
  return {
    github: kept(await startGithub({ port: ports.github, apps: [{ ...github, redirect_uris }] })),
    slack: kept(
      await startSlack({ port: ports.slack, apps: [{ ...slack, redirect_uris }], filesUrl: 'https://files.slack.com' }),
    ),
    oauth: kept(await startOauthServer({ port: ports.oauth })),
    openai: kept(await startOpenai({ port: ports.openai })),
    composio: kept(await startComposio({ port: ports.composio })),
    wordpress: kept(await startWordpress({ port: ports.wordpress })),
    x: kept(await startX({ port: ports.x })),
    linkedin: kept(await startLinkedin({ port: ports.linkedin })),
    medium: kept(await startMedium({ port: ports.medium })),
  };
}

function expectFree(port: number): Promise<void> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}

/** The stand-ins forget all tokens when they end, so the workspace that held them ends with them. */
async function forget() {
  const cluster = path.join(dataDir, 'postgres');
  const left = findPostmaster(cluster); // of a hub that was killed
  if (left) await stopPostmaster(cluster, left);
  rmSync(dataDir, { recursive: true, force: true });
}

const hubEnv = (standIns: StandIns) => ({
  PATH: process.env.PATH,
  PORT: String(port),
  DATA_DIR: dataDir,
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
  ADMIN_EMAIL: demo.admin.email,
  ADMIN_PASSWORD: demo.admin.password,
  ADMIN_TENANT: demo.admin.tenant,
  ...wiring(urlsOf(standIns)),
});

const urlsOf = (standIns: StandIns) =>
  Object.fromEntries(Object.entries(standIns).map(([name, { url }]) => [name, url])) as Record<keyof StandIns, string>;

/** In a group of its own: Ctrl-C at the terminal reaches it once, from here. */
const run = (file: string, env: Record<string, string | undefined>) =>
  spawn(process.execPath, ['--import', './src/db/fast-imports.ts', file], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });

async function ready(hub: ChildProcess) {
  while (hub.exitCode === null) {
    const answer = await fetch(`${baseUrl}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error('The hub did not start; the reason stands above.');
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

let stopping = false;

async function stop(code: number) {
  if (stopping) return;
  stopping = true;
  for (const each of stops) await each();
  process.exit(code);
}

const [octocat, , hubot] = Object.keys(demo.tokens.github);

const guide = ({ github, slack, oauth, openai, composio, x, linkedin }: StandIns, published: string[]) => `
Open     ${baseUrl}
E-mail   ${demo.admin.email}
Password ${demo.admin.password}

GitHub, Slack, OpenAI, Composio, WordPress, X, LinkedIn, Medium and an OAuth server are stand-ins on this machine: no account and no network is needed.
One text went to all that publish; it stands under “Publish”:
${published.map((line) => `  ${line}`).join('\n')}

On the Installed tab, connect “GitHub” and “Slack” and choose whom to be on the page that opens. Then break things, and watch:

# The token is revoked at GitHub, for octocat's connections.
curl -X POST ${github.url}/_control/tokens/revoke -d '{"account": "octocat"}'

# Slack says that the token has expired.
curl -X POST ${slack.url}/_control/tokens/expire -d '{}'

# Access tokens of the OAuth server end now; the hub has to get new ones.
curl -X POST ${oauth.url}/_control/tokens/expire -d '{"kind": "ClientCredentials"}'

# GitHub's secondary rate limit, for the next three requests.
curl -X POST ${github.url}/_control/faults -d '{"fault": "secondary_rate_limited", "times": 3, "retry_after": 20}'

# Slack is dead until the last lines here: connections are cut.
curl -X POST ${slack.url}/_control/faults -d '{"fault": "drop"}'

# The token endpoint answers HTML; others: hang, slow, status, redirect, huge (docs/sandbox.md).
curl -X POST ${oauth.url}/_control/faults -d '{"fault": "html", "path": "/token"}'

# “Build machine” can be rotated to hubot's other token, and will not take octocat's:
#   ${hubot}
#   ${octocat}

# GitHub gives the token to another account.
curl -X POST ${github.url}/_control/tokens/reassign -d '{"account": "octocat", "to": "hubot"}'

# OpenAI has had enough of us: the next two calls are refused.
curl -X POST ${openai.url}/_control/faults -d '{"fault": "rate_limited", "times": 2}'

# Composio fails until the last lines here; what was listed before stays visible.
curl -X POST ${composio.url}/_control/faults -d '{"fault": "status", "status": 503, "path": "/api/*"}'

# Composio's tools have another version from now on.
curl -X PATCH ${composio.url}/_control/settings -d '{"new_version": "20251201_00"}'

# LinkedIn has switched the API version off; X’s window of calls is used up for the next post.
curl -X PATCH ${linkedin.url}/_control/settings -d '{"active_from": "202701"}'
curl -X POST ${x.url}/_control/faults -d '{"fault": "rate_limited", "times": 1, "path": "/2/tweets"}'

# What was asked so far; and nothing fails any more, but for tokens that ended.
curl ${github.url}/_control/requests
for service in ${github.url} ${slack.url} ${oauth.url} ${openai.url} ${composio.url} ${x.url}; do curl -X DELETE $service/_control/faults; done
curl -X PATCH ${linkedin.url}/_control/settings -d '{"active_from": "202601"}'

Ctrl-C stops everything and forgets it.
`;

main().catch(async (error: NodeJS.ErrnoException) => {
  const taken =
    error.code === 'EADDRINUSE' ? `${error.message}. Is a demo running? Otherwise set PORT to another number.` : null;
  console.error(taken ?? error.message);
  await stop(1);
});
