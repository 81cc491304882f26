import type { OperatorShell } from './shell.ts';

// What the templates of the pages about the hub itself are given: the doctor, and the change of keys.

export interface ShownFinding {
  check: string;
  level: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do; '' for nothing. */
  next: string;
}

export interface ShownAddress {
  /** Who tells the address, as a column's heading. */
  source: string;
  parts: { part: string; seen: string; wanted: string; same: boolean }[];
  findings: ShownFinding[];
}

export interface ShownJob {
  name: string;
  lastRunAt: Date | null;
  /** The last failure, unless it went well since; '' for none. */
  error: string;
  waiting: number;
  /** Given up after all attempts. */
  dead: number;
}

export interface ShownMasterKey {
  id: string;
  dataKeys: number;
  hubSecrets: number;
  state: 'newest' | 'needed' | 'free' | 'missing';
}

interface Rotation {
  running: boolean;
  /** How the last one ended, or that it began; null when there was none. */
  last: OperatorEventRow | null;
  /** The last one was cut off. */
  lost: boolean;
}

export interface ShownMasterKeys extends Rotation {
  source: string;
  newest: string;
  keys: ShownMasterKey[];
  done: number;
  total: number;
  /** What the button does; '' when there is nothing that it could do. */
  button: string;
  /** What else to do; '' for nothing. */
  advice: string;
  /** Keys that nothing needs. */
  free: string[];
}

export interface ShownDataKeys extends Rotation {
  /** How far it is; null when that cannot be counted now. */
  progress: { done: number; total: number } | null;
  behind: number;
  tenants: { id: string; name: string; keys: string[] }[];
}

export interface UpkeepModels {
  'operator/doctor': {
    shell: OperatorShell;
    findings: ShownFinding[];
    failed: number;
    warned: number;
    secrets: { finding: ShownFinding; event: OperatorEventRow } | null;
    address: ShownAddress;
    /** Empty before the job queue was made. */
    jobs: ShownJob[];
  };
  'operator/_address': { address: ShownAddress };
  'operator/keys': { shell: OperatorShell; master: ShownMasterKeys; data: ShownDataKeys };
  'operator/_keys': { master: ShownMasterKeys; data: ShownDataKeys };
}

export interface UpkeepPartials {
  'operator/_findings': { findings: ShownFinding[]; caption: string };
  'operator/_last': { last: OperatorEventRow };
  'operator/_master-key': { master: ShownMasterKeys };
  'operator/_data-keys': { data: ShownDataKeys };
}

export interface OperatorEventRow {
  id: string;
  at: Date;
  actor: string;
  /** In words, e.g. "suspended". */
  label: string;
  subject: string;
  requestId: string;
  ip: string | null;
}
