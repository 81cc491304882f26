import { measureBrowser } from './browser.ts';
import { measureChecks } from './checks.ts';
import { measureEndurance } from './endurance.ts';
import { measureGateway } from './gateway.ts';
import { measureLoad } from './load-and-overload.ts';
import { measureProcess } from './process.ts';
import { type Finding, machine, missed, print, write } from './report.ts';
import { measureInstall, measureLists } from './routes.ts';
import { measureSql } from './sql.ts';
import { openStage } from './stage.ts';
import { measureTenants } from './tenants.ts';

// `make bench`: OUT=file for the JSON, ROUNDS=5, ONLY=lists,install,gateway,browser,process,sql,endurance,tenants,checks,load, STRICT=1 to fail when a target is missed.

const { OUT = '', ROUNDS = '', ONLY = '', STRICT = '' } = process.env;
const rounds = Number(ROUNDS) || 5;
const wanted = (name: string) => !ONLY || ONLY.split(',').includes(name);
const say = (text: string) => process.stderr.write(`${text}\n`);

async function onStage(): Promise<Finding[]> {
  if (!['lists', 'install', 'gateway', 'browser', 'checks', 'endurance'].some(wanted)) return [];
  const stage = await openStage();
  const findings: Finding[] = [];
  try {
    say('Installing 100 connectors…');
    await stage.connectors(100);
    if (wanted('browser')) findings.push(...(await told('the browser', measureBrowser(stage, rounds))));
    if (wanted('lists')) findings.push(...(await told('lists', measureLists(stage, rounds))));
    if (wanted('install')) findings.push(...(await told('installing', measureInstall(stage, rounds))));
    if (wanted('gateway')) findings.push(...(await told('the gateway', measureGateway(stage, rounds))));
    if (wanted('checks')) findings.push(...(await told('health checks', measureChecks(stage))));
    if (wanted('endurance')) findings.push(...(await told('memory after many requests', measureEndurance(stage))));
    return findings;
  } finally {
    await stage.close();
  }
}

const told = <T>(what: string, work: Promise<T>): Promise<T> => {
  say(`Measuring ${what}…`);
  return work;
};

const findings = [
  ...(wanted('process') ? await told('start and memory', measureProcess(rounds)) : []),
  ...(wanted('sql') ? await told('the PostgreSQL connector', measureSql(rounds)) : []),
  ...(wanted('tenants') ? await told('one workspace among many', measureTenants(rounds)) : []),
  ...(wanted('load') ? await told('load and overload', measureLoad()) : []),
  ...(await onStage()),
];
const { cores, memory_gb: memory, node, load } = machine();
console.log(`${rounds} rounds; Node ${node}, ${cores} cores, ${memory} GB, load ${load.join(' ')}\n`);
print(findings);
const file = OUT || '.data/bench.json';
write(file, findings);
console.log(`\nWritten to ${file}.`);
const misses = findings.filter(missed);
if (misses.length) console.log(`Missed: ${misses.map(({ what }) => what).join('; ')}.`);
process.exitCode = STRICT && misses.length ? 1 : 0;
