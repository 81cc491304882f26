import type { ConnectForm } from './shared.ts';

/** One check in a timeline. */
export interface Bar {
  tone: 'ok' | 'warn' | 'bad' | 'none';
  title: string;
}

/** How something is, as a word and a colour, with the line of its last checks. */
export interface HealthLine {
  tone: 'ok' | 'warn' | 'bad' | 'none';
  word: string;
  checkedAt: Date | null;
  /** What the last check found; '' before the first one. */
  text: string;
  /** Always the same number, the oldest first; those that were not made are `none`. */
  bars: Bar[];
  /** What the bars say, in words. */
  told: string;
}

/** What a card offers to mend its connector with. */
export type Fix =
  | { kind: 'reconnect'; form: ConnectForm }
  | { kind: 'check'; tenantId: string; connectionId: string }
  | { kind: 'switch-on'; tenantId: string; connectionId: string }
  | { kind: 'rotate'; connectionId: string }
  | { kind: 'toolkit'; path: string }
  | { kind: 'edit' };

/** A credential that the hub cannot renew. */
export interface Ending {
  account: string;
  at: Date;
  over: boolean;
}

/** One connection on its connector's page. */
export interface ConnectionHealth extends HealthLine {
  id: string;
  tenantId: string;
  name: string;
  /** `4,312 of 5,000 left`; '' when the service does not say. */
  limit: string;
  /** Null when that is over. */
  limitResetsAt: Date | null;
  lastUsedAt: Date | null;
  /** The host that calls pause to; null while they go. */
  pause: { host: string; until: Date } | null;
  on: boolean;
  /** Whether it may be switched; a credential that was refused has to be connected again. */
  switchable: boolean;
  /** Whether it is an account; the broker’s own key is none, and ends with its connector. */
  granted: boolean;
  /** Whether this person decides about it. */
  mine: boolean;
}

/** How a check went, step by step. */
export interface CheckReport {
  tone: 'ok' | 'warn' | 'bad';
  title: string;
  steps: {
    name: string;
    status: 'passed' | 'warning' | 'failed' | 'skipped';
    word: string;
    ms: number | null;
    message: string;
    field: string;
  }[];
}

export interface HealthPartials {
  'health/_line': { line: HealthLine };
  'health/_fix': { card: { id: string; name: string }; fix: Fix };
  'health/_facts': { health: ConnectionHealth };
  'health/_actions': { health: ConnectionHealth };
}

export interface HealthModels {
  'health/_report': { report: CheckReport };
}
