import type { FieldErrors } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import type { OperatorEventRow, UpkeepModels, UpkeepPartials } from './operator-upkeep.ts';
import type { OperatorShell } from './shell.ts';

// What the templates under views/operator/ are given.

export interface OperatorActivity {
  rows: OperatorEventRow[];
  /** What the events are about when not all are shown; '' for all. */
  about: string;
  /** Path of older events; null on the last page. */
  next: string | null;
  /** Path of the newest events, when this is not the first page. */
  newest: string | null;
}

export interface OperatorTenantRow {
  id: string;
  name: string;
  state: 'running' | 'suspended' | 'deleting';
  people: number;
  connectors: number;
  /** null for no limit. */
  maxConnectors: number | null;
  createdAt: Date;
}

export interface OperatorTenant extends OperatorTenantRow {
  slug: string;
  /** Why it is suspended; '' for no reason given. */
  reason: string;
  suspendedAt: Date | null;
  members: { name: string; email: string; role: Role }[];
  events: OperatorEventRow[];
}

export interface TenantDeletion {
  id: string;
  name: string;
  connectors: number;
  /** Addresses of those who belong to this workspace alone. */
  lonely: string[];
  /** How many belong to others as well, or operate the hub. */
  others: number;
  /** Whether it was begun before, and interrupted. */
  started: boolean;
  values: { confirm: string; people: string };
  errors: FieldErrors;
}

export interface OperatorEntry {
  key: string;
  name: string;
  enabled: boolean;
  /** Whether there is an OAuth application of the hub's own; null where none can be. */
  application: boolean | null;
}

export interface OperatorModels extends UpkeepModels {
  'operator/entries': { shell: OperatorShell; entries: OperatorEntry[] };
  'operator/application': {
    shell: OperatorShell;
    key: string;
    name: string;
    /** To register at the service. */
    redirectUri: string;
    /** When it was saved; null when there is none. */
    savedAt: Date | null;
    values: Record<'client_id' | 'scopes', string>;
    errors: FieldErrors;
  };
  'operator/tenants': {
    shell: OperatorShell;
    results: { q: string; rows: OperatorTenantRow[]; next: string | null };
  };
  'operator/tenant-new': {
    shell: OperatorShell;
    values: Record<'name' | 'owner_name' | 'email', string>;
    errors: FieldErrors;
  };
  'operator/tenant': {
    shell: OperatorShell;
    tenant: OperatorTenant;
    values: Record<'name' | 'reason', string>;
    /** `choice` is `on`, `off` or `default`. */
    entries: { key: string; name: string; enabled: boolean; choice: string }[];
    limits: { name: string; label: string; help: string; value: string; faults: string[] | undefined }[];
    errors: FieldErrors;
  };
  'operator/tenant-deletion': { shell: OperatorShell; deletion: TenantDeletion };
  'errors/suspended': { message: string; others: { id: string; name: string }[]; operator: boolean };
  'operator/activity': { shell: OperatorShell; results: OperatorActivity };
  'operator/event': { shell: OperatorShell; row: OperatorEventRow; facts: { label: string; value: string }[] };
}

/** What only pages of operators include. */
export interface OperatorPartials extends UpkeepPartials {
  'layouts/operator': { shell: OperatorShell; body: string };
  'operator/_event': { row: OperatorEventRow };
  'operator/_state': { state: OperatorTenantRow['state'] };
}
