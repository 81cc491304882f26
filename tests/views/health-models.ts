import type { CheckReport, ConnectionHealth, HealthModels } from '../../src/routes/view-models/health.ts';

const hostile = `"><img src=x onerror=alert(1)> & 'Co'`;
const id = '0193a0aa-0000-7000-8000-000000000001';
const at = new Date('2026-11-20T10:00:00Z');

export const line = {
  ...{ tone: 'bad' as const, word: 'Authorisation expired', checkedAt: at, text: hostile, told: hostile },
  bars: [
    { tone: 'none' as const, title: '' },
    { tone: 'bad' as const, title: hostile },
  ],
};

export const connectionHealth: ConnectionHealth = {
  ...line,
  ...{
    id,
    tenantId: id,
    name: hostile,
    limit: '4,312 of 5,000 left',
    limitResetsAt: at,
    lastUsedAt: at,
    pause: { host: hostile, until: at },
  },
  ...{ on: true, switchable: true, granted: true, mine: true },
};

const report: CheckReport = {
  tone: 'bad',
  title: hostile,
  steps: [{ name: 'Address', status: 'failed', word: 'Failed', ms: 12, message: hostile, field: 'c-name' }],
};

export const healthModels: HealthModels = { 'health/_report': { report } };
