import type { OperatorEventRow, UpkeepModels } from '../../src/routes/view-models/operator-upkeep.ts';
import type { OperatorShell } from '../../src/routes/view-models/shell.ts';

/** The models of the pages about the hub itself. */
export function upkeepModels(hostile: string, shell: OperatorShell, row: OperatorEventRow): UpkeepModels {
  const finding = (level: 'ok' | 'warn' | 'fail') => ({ check: hostile, level, message: hostile, next: hostile });
  const address: UpkeepModels['operator/_address']['address'] = {
    source: hostile,
    parts: [{ part: 'host', seen: hostile, wanted: hostile, same: false }],
    findings: [finding('warn')],
  };
  const keys: UpkeepModels['operator/_keys'] = {
    master: {
      ...{ running: false, last: row, lost: true, source: hostile, newest: 'k2', done: 3, total: 7 },
      keys: (['newest', 'needed', 'free', 'missing'] as const).map((state) => ({
        ...{ id: hostile, dataKeys: 3, hubSecrets: 1, state },
      })),
      ...{ button: hostile, advice: hostile, free: [hostile] },
    },
    data: {
      ...{ running: false, last: row, lost: true, progress: null, behind: 2 },
      tenants: [{ id: row.id, name: hostile, keys: [hostile] }],
    },
  };
  return {
    'operator/doctor': {
      ...{ shell, address, failed: 1, warned: 2 },
      findings: [finding('fail'), finding('warn'), finding('ok')],
      jobs: [
        { name: hostile, lastRunAt: row.at, error: hostile, waiting: 1, dead: 2 },
        { name: hostile, lastRunAt: null, error: '', waiting: 0, dead: 0 },
      ],
      secrets: { finding: finding('fail'), event: row },
    },
    'operator/_address': { address },
    'operator/keys': { shell, ...keys },
    'operator/_keys': {
      master: { ...keys.master, running: true },
      data: { ...keys.data, running: true, progress: { done: 1, total: 2 } },
    },
  };
}
