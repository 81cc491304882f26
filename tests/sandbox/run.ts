import { type Child, runChild } from '../support/child.ts';
import { type ComposioOptions, startComposio } from './composio.ts';
import { controlOf } from './control.ts';
import type { StandIn } from './front.ts';
import { type GithubOptions, startGithub } from './github.ts';
import { type OauthServerOptions, startOauthServer } from './oauth-server.ts';
import { type OpenaiOptions, startOpenai } from './openai.ts';
import { type SlackOptions, startSlack } from './slack.ts';

interface Options {
  github: GithubOptions;
  slack: SlackOptions;
  oauth: OauthServerOptions;
  openai: OpenaiOptions;
  composio: ComposioOptions;
}

/** Starts a stand-in in this process. */
export const standIns: { [Name in keyof Options]: (options?: Options[Name]) => Promise<StandIn> } = {
  github: startGithub,
  slack: startSlack,
  oauth: startOauthServer,
  openai: startOpenai,
  composio: startComposio,
};

/** Starts a stand-in in a process of its own, which ends with this one at the latest. Its clock may be off by some seconds. */
export async function startApart<Name extends keyof Options>(
  name: Name,
  options: Options[Name] = {},
  clockOffsetS = 0,
): Promise<StandIn> {
  const child: Child = runChild('sandbox/run.ts', name, JSON.stringify(options), String(clockOffsetS));
  const { url } = await child.next<{ url: string }>();
  return { url, control: controlOf(url), close: () => child.end('SIGTERM') };
}

/** `node tests/sandbox/run.ts github '{"port": 4001}'`: prints where it listens, as one line of JSON, and stays until it is ended. */
async function main() {
  const [name = '', options = '{}', clockOffsetS = '0'] = process.argv.slice(2);
  const start = standIns[name as keyof Options];
  if (!start) throw new Error(`There is no stand-in “${name}”: choose ${Object.keys(standIns).join(', ')}.`);
  const now = Date.now;
  Date.now = () => now() + Number(clockOffsetS) * 1000;
  const standIn = await start(JSON.parse(options));
  console.log(JSON.stringify({ url: standIn.url }));
  const stop = () => void standIn.close().then(() => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), 1000).unref();
}

if (import.meta.main) await main();
