import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { throughput } from './load.ts';
import { type Mix, openMix } from './mix.ts';
import { type Answered, openLoop } from './open-loop.ts';
import type { Finding } from './report.ts';
import { type Spread, spreadOf } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';

const seconds = Number(process.env.SECONDS_OF_LOAD) || 30;
const perSecond = Number(process.env.PER_SECOND) || 150;
const toolCallsPerSecond = Math.min(perSecond, 50);
const connectors = 50;

/** An answer that comes later helps nobody any more. */
const goodWithinMs = 2_000;
const promptWithinMs = 250;

/** What people and programs wait for at a fixed rate of requests, and what becomes of three times as many as the hub can answer. */
export async function measureLoad(): Promise<Finding[]> {
  const load = `load ${os.loadavg()[0]?.toFixed(1)} before, ${os.availableParallelism()} cores`;
  const stage = await openStage();
  const limits = setInterval(() => void stage.forgetLimits().catch(() => {}), 1_000);
  try {
    await stage.connectors(connectors);
    const mix = await openMix(stage);
    // Until everything is loaded and compiled, and every connection to the database has prepared its statements.
    for (const requestOf of [mix.requestOf, mix.toolCall])
      await openLoop(stage.hub.url, { perSecond: toolCallsPerSecond, seconds: 10 }, requestOf);
    const findings = [...(await toolCalls(stage, mix)), ...(await steady(stage, mix)), ...(await overload(stage, mix))];
    return findings.map((finding) => ({ ...finding, beside: `${finding.beside}; ${load}` }));
  } finally {
    clearInterval(limits);
    await stage.close();
  }
}

const one = (value: number): Spread => spreadOf([value]);
const succeeded = ({ status }: Answered) => status === 200;
const share = (answers: Answered[], part: number) => {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};

/** What was not answered as it should be, and with which statuses. */
function errors(what: string, answers: Answered[]): Finding {
  const wrong = answers.filter((each) => !succeeded(each));
  const statuses = [...new Set(wrong.map(({ status }) => status || 'none'))].join(', ');
  const beside = wrong.length ? `the target; status ${statuses}` : 'the target';
  return {
    what: `${what}: errors`,
    unit: 'requests',
    ours: one(wrong.length),
    beside,
    target: { is: 'at most', value: 0 },
  };
}

async function steady({ hub }: Stage, mix: Mix): Promise<Finding[]> {
  const answers = await openLoop(hub.url, { perSecond, seconds }, mix.requestOf);
  const what = `${perSecond} mixed requests a second, ${seconds} s`;
  const unit = 'ms from when it was due';
  const target = { is: 'at most', value: 250 } as const;
  return [
    { what: `${what}: p50`, unit, ours: one(share(answers, 0.5)), beside: 'no target' },
    { what: `${what}: p99`, unit, ours: one(share(answers, 0.99)), beside: 'the target', target },
    errors(what, answers),
  ];
}

/** A tool that asks a service which answers at once, beside asking it without the hub. */
async function toolCalls({ hub, models }: Stage, mix: Mix): Promise<Finding[]> {
  const rate = { perSecond: toolCallsPerSecond, seconds: Math.min(seconds, 20) };
  const direct = await openLoop(models.url, rate, mix.directCall);
  const through = await openLoop(hub.url, rate, mix.toolCall);
  const what = `a tool call, ${toolCallsPerSecond} a second`;
  const more = (part: number, value: number): Finding => ({
    ...{ what: `${what}: p${part * 100} more than without the hub`, unit: 'ms', beside: 'the target' },
    ...{ ours: one(share(through, part) - share(direct, part)), target: { is: 'at most', value } },
  });
  return [more(0.5, 5), more(0.99, 25), errors(what, [...direct, ...through])];
}

async function overload({ hub }: Stage, mix: Mix): Promise<Finding[]> {
  const peaks: number[] = [];
  for (let round = 0; round < 3; round++)
    peaks.push(await throughput(hub.url, { requests: 1_000, clients: 32 }, mix.requestOf));
  const peak = spreadOf(peaks).median;
  await sleep(1_000);
  const times = { perSecond: peak * 3, seconds: 10 };
  // Afterwards half of what it can, in the same breath: what was left undone is still there.
  const overloaded = openLoop(hub.url, times, mix.requestOf);
  await sleep(times.seconds * 1_000);
  const after = await openLoop(hub.url, { perSecond: peak / 2, seconds: 15 }, mix.requestOf);
  const answers = await overloaded;
  const good = answers.filter((each) => succeeded(each) && each.ms <= goodWithinMs).length / times.seconds;
  const refusals = answers.filter(({ status }) => status === 503);
  const wrong = answers.filter(
    ({ status, retryAfter }) => status !== 200 && !(status === 503 && Number(retryAfter) > 0),
  );
  const at = `${Math.round(peak)} requests a second`;
  return [
    {
      what: 'mixed requests a second at most, 32 at a time',
      unit: 'requests/s',
      ours: spreadOf(peaks),
      beside: 'no target',
    },
    {
      ...{
        what: `answered within ${goodWithinMs / 1_000} s at three times as many`,
        unit: 'requests/s',
        ours: one(good),
      },
      ...{
        beside: `the peak, ${at}`,
        other: one(peak),
        ratio: one(good / peak),
        target: { is: 'at least', value: 0.8 },
      },
    },
    {
      ...{
        what: 'p99 of refusals, from when they were due',
        unit: 'ms',
        ours: one(refusals.length ? share(refusals, 0.99) : 0),
      },
      ...{ beside: `${refusals.length} of ${answers.length} refused`, target: { is: 'at most', value: 100 } },
    },
    {
      ...{ what: 'neither answered nor refused by 503 with Retry-After', unit: 'requests', ours: one(wrong.length) },
      ...{ beside: 'the target', target: { is: 'at most', value: 0 } },
    },
    {
      ...{ what: `until a second with 99 % within ${promptWithinMs} ms again`, unit: 's', ours: one(recovery(after)) },
      ...{ beside: 'half of the peak afterwards', target: { is: 'at most', value: 5 } },
    },
  ];
}

/** Whole seconds that passed before one in which nothing failed and nearly everything came promptly. */
function recovery(answers: Answered[]): number {
  const bySecond = Object.values(Object.groupBy(answers, ({ due }) => Math.floor(due / 1_000)));
  const well = bySecond.findIndex((each = []) => each.every(succeeded) && share(each, 0.99) <= promptWithinMs);
  return well < 0 ? bySecond.length : well;
}
