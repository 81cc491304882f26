import { paths } from '../../src/routes/paths.ts';
import type { OperatorModels, OperatorTenant } from '../../src/routes/view-models/operator.ts';
import type { OperatorEventRow } from '../../src/routes/view-models/operator-upkeep.ts';
import type { OperatorShell } from '../../src/routes/view-models/shell.ts';
import { upkeepModels } from './upkeep-models.ts';

const id = '0193a0aa-0000-7000-8000-000000000001';
const at = new Date('2026-11-20T10:00:00Z');

/** A model for every page of operators, with this text wherever people may put one. */
export function operatorModels(hostile: string): OperatorModels {
  const shell: OperatorShell = {
    title: hostile,
    tabs: [{ label: 'Activity', path: paths.operatorActivity, current: true }],
    user: { name: 'Ada', email: 'ada@example.com', initial: 'A' },
    toasts: [{ tone: 'ok', name: hostile, text: 'was saved.' }],
  };
  const row: OperatorEventRow = {
    ...{ id, at, actor: hostile, label: 'created', subject: hostile },
    ...{ requestId: hostile, ip: '203.0.113.7' },
  };
  const errors = {
    name: [hostile],
    max_connectors: [hostile],
    reason: [hostile],
    people: [hostile],
    confirm: [hostile],
  };
  const tenant: OperatorTenant = {
    ...{ id, name: hostile, state: 'running', people: 2, connectors: 3, maxConnectors: 3, createdAt: at },
    ...{ slug: hostile, reason: hostile, suspendedAt: at, events: [row] },
    members: [{ name: hostile, email: hostile, role: 'owner' }],
  };
  return {
    ...upkeepModels(hostile, shell, row),
    'operator/entries': { shell, entries: [{ key: 'slack', name: hostile, enabled: false, application: true }] },
    'operator/application': {
      ...{ shell, key: 'slack', name: hostile, redirectUri: hostile, savedAt: at },
      ...{ values: { client_id: hostile, scopes: hostile }, errors: { scopes: [hostile] } },
    },
    'operator/tenants': {
      shell,
      results: {
        q: hostile,
        rows: [tenant, { ...tenant, state: 'deleting' }],
        next: `${paths.operatorTenants}?cursor=x`,
      },
    },
    'operator/tenant-new': { shell, values: { name: hostile, owner_name: hostile, email: hostile }, errors },
    'operator/tenant': {
      shell,
      tenant,
      values: { name: hostile, reason: hostile },
      entries: [{ key: 'slack', name: hostile, enabled: true, choice: 'off' }],
      limits: [{ name: 'max_connectors', label: hostile, help: hostile, value: hostile, faults: [hostile] }],
      errors,
    },
    'operator/tenant-deletion': {
      shell,
      deletion: {
        ...{ id, name: hostile, connectors: 1, lonely: [hostile], others: 1, started: true },
        ...{ values: { confirm: hostile, people: 'keep' }, errors },
      },
    },
    'errors/suspended': { message: hostile, others: [{ id, name: hostile }], operator: true },
    'operator/activity': {
      shell,
      results: {
        rows: [row],
        about: hostile,
        next: `${paths.operatorActivity}?cursor=x`,
        newest: paths.operatorActivity,
      },
    },
    'operator/event': { shell, row, facts: [{ label: hostile, value: hostile }] },
  };
}
