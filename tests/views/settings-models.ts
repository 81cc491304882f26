import { paths } from '../../src/routes/paths.ts';
import type { Confirm } from '../../src/routes/view-models/dialog.ts';
import type {
  ApiKeyRowView,
  InvitePanel,
  MemberRowView,
  SettingsModels,
} from '../../src/routes/view-models/settings.ts';
import type { Option } from '../../src/routes/view-models/shared.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';
import { budgetModels } from './budget-models.ts';

/** A model for every page of the settings, with this text wherever people may put one. */
export function settingsModels(hostile: string, shell: Shell): SettingsModels {
  const id = shell.tenant.id;
  const at = new Date('2026-11-20T10:00:00Z');
  const nav = [{ label: 'API keys', path: paths.apiKeys, current: true }];
  const options = [{ value: 'member', label: 'Member', chosen: true }];
  const confirm: Confirm = {
    title: hostile,
    tenantId: id,
    method: 'DELETE',
    path: paths.apiKey(id),
    back: paths.apiKeys,
    consequences: [hostile, hostile],
    submit: 'Revoke',
    keep: 'Keep it',
    select: { name: 'role', label: 'Role', options },
  };
  const row: ApiKeyRowView = {
    id,
    name: hostile,
    prefix: 'pbk_abcdef',
    role: 'admin',
    actsAs: 'member',
    scopes: ['Read the catalog', hostile],
    limits: ['Only reads', hostile],
    status: 'active',
    createdBy: hostile,
    createdAt: at,
    expiresAt: at,
    lastUsedAt: at,
    revokedBy: '',
  };
  const app = {
    ...{ id, name: hostile, host: hostile, code: hostile, may: [hostile], person: hostile },
    ...{ createdAt: at, expiresAt: at, lastUsedAt: null },
  };
  const limits = {
    ...{ connectors: options, tools: hostile, readOnly: true, callsPerHour: hostile },
    ...{ approvals: [{ value: 'writes', label: hostile, chosen: true }], approvalHours: hostile },
  };
  const revoked = { ...row, status: 'revoked' as const, revokedBy: hostile, lastUsedAt: null };
  const member: MemberRowView = {
    id,
    name: hostile,
    email: hostile,
    role: 'admin',
    keys: 2,
    joinedAt: at,
    self: true,
    mayChange: true,
    mayRemove: true,
  };
  const invite: InvitePanel = {
    tenantId: id,
    email: hostile,
    roles: options,
    errors: { email: [hostile], role: [hostile] },
    mails: true,
    made: { email: hostile, link: hostile, emailed: false },
    pending: [{ id, email: hostile, role: 'member', invitedBy: hostile, expiresAt: at }],
  };
  const state = { kind: 'stopped' as const, since: at, reason: hostile };
  const webhook = { id, address: hostile, events: [{ value: hostile, label: hostile }], state };
  const form = {
    ...{ tenantId: id, path: paths.webhooks, id, method: 'PUT' as const, url: hostile, enabled: true, submit: 'Save' },
    events: [{ value: 'connection.created', label: hostile, chosen: true }],
    errors: { url: [hostile], events: [hostile] },
  };
  const delivery = { id, event: hostile, status: 'failed' as const, attempts: 2, message: hostile };
  const when = { createdAt: at, nextAt: null };
  const deliveries = [
    { ...delivery, ...when },
    { ...delivery, ...when, status: 'pending' as const, nextAt: at },
    { ...delivery, ...when, status: 'pending' as const, attempts: 0 },
    { ...delivery, ...when, status: 'delivered' as const },
  ];
  return {
    ...budgetModels(hostile, shell, nav),
    'settings/webhooks': {
      shell: { ...shell, tab: null },
      nav,
      webhooks: {
        rows: (['on', 'failing', 'off', 'stopped'] as const).map((kind) => ({ ...webhook, state: { ...state, kind } })),
        failure: null,
      },
    },
    'settings/new-webhook': { shell: { ...shell, tab: null }, nav, form },
    'settings/webhook': {
      shell: { ...shell, tab: null, dialog: { kind: 'confirm', confirm } },
      nav,
      webhook: { row: webhook, form, deliveries, next: `${paths.webhook(id)}?cursor=x`, secret: hostile },
    },
    'invitations/show': {
      invitation: {
        token: 'abc',
        next: 'sign-up',
        signedIn: hostile,
        tenantName: hostile,
        email: hostile,
        role: 'member',
        name: hostile,
        errors: { name: [hostile] },
      },
    },
    'settings/_confirm': { confirm },
    'settings/api-keys': {
      shell: { ...shell, tab: null, dialog: { kind: 'confirm', confirm } },
      nav,
      keys: {
        rows: [row, { ...row, expiresAt: null }, revoked, { ...row, status: 'expired' }],
        next: `${paths.apiKeys}?cursor=x`,
        failure: null,
        made: { name: hostile, key: hostile, curl: hostile },
      },
    },
    'settings/members': {
      shell: { ...shell, tab: null },
      nav,
      members: {
        rows: [member, { ...member, id: id.replace('1', '2'), self: false }],
        locked: hostile,
        invite,
        failure: null,
      },
    },
    'settings/mcp': {
      shell: { ...shell, tab: null },
      nav,
      mcp: {
        url: hostile,
        clients: [{ name: hostile, where: hostile, ways: [{ way: 'url', label: hostile, text: hostile }] }],
        apps: [app],
        ...{ failure: null, everybody: true, locked: hostile },
      },
    },
    'mcp/consent': {
      consent: {
        ...{ app: hostile, host: hostile, onDevice: false, person: { name: hostile, email: hostile } },
        ...{ workspace: { id, name: hostile }, workspaces: [...options, { ...options[0], value: id }] as Option[] },
        ...{ fields: [['state', hostile]], request: hostile, scopes: [hostile], calls: true },
        ...{ access: options, reach: 'all', connectors: options, durations: options },
        errors: { connectors: [hostile], duration: [hostile] },
      },
    },
    'mcp/refused': { message: hostile, back: 'https://app.example/cb?error=invalid_request', host: hostile },
    'settings/models': { shell: { ...shell, tab: null }, nav, options, locked: hostile },
    'settings/api-key': {
      shell: { ...shell, tab: null },
      nav,
      page: {
        ...{ tenantId: id, row, locked: '', limits, expiries: options, spendLocked: '' },
        spend: [{ name: 'spend.day_usd', label: hostile, amount: hostile, used: hostile, path: paths.budget(id) }],
        errors: { 'limits.tools': [hostile], 'limits.approval_hours': [hostile], 'spend.day_usd': [hostile] },
      },
    },
    'settings/new-api-key': {
      shell: { ...shell, tab: null },
      nav,
      form: {
        tenantId: id,
        id,
        name: hostile,
        roles: options,
        connectors: [...options, ...options],
        limits,
        limitsOpen: true,
        scopes: [{ value: 'catalog:read', label: 'Read the catalog', chosen: true }],
        expiries: [{ value: '90', label: 'In 90 days', chosen: true }],
        errors: { name: [hostile], scopes: [hostile], role: [hostile], 'limits.connectors': [hostile] },
      },
    },
  };
}
