import type { Field } from '../../src/lib/forms/field.ts';
import { formFields } from '../../src/lib/forms/model.ts';
import { readReference } from '../../src/lib/reference.ts';
import { paths } from '../../src/routes/paths.ts';
import type { ActivityRow } from '../../src/routes/view-models/activity.ts';
import type { ConnectorCard } from '../../src/routes/view-models/connector.ts';
import type { ConnectorForm, Question } from '../../src/routes/view-models/dialog.ts';
import type { Models } from '../../src/routes/view-models/models.ts';
import type { Toast } from '../../src/routes/view-models/shared.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';
import { approvalModels } from './approval-models.ts';
import { browsingModels } from './browsing-models.ts';
import { connectionModels, connectionsPanel, credentialPanel } from './connection-models.ts';
import { executionModels, runsPanel } from './execution-models.ts';
import { connectionHealth, healthModels, line } from './health-models.ts';
import { operatorModels } from './operator-models.ts';
import { publishModels } from './publish-models.ts';
import { settingsModels } from './settings-models.ts';
import { repositoriesPanel, toolModels, toolsPanel } from './tool-models.ts';
import { usageModels } from './usage-models.ts';

/** What no page may take for markup. */
export const hostile = `"><img src=x onerror=alert(1)> & 'Co'`;

const id = '0193a0aa-0000-7000-8000-000000000001';
const at = new Date('2026-11-20T10:00:00Z');
const tenant = { id, name: hostile };
const undo = { label: 'Undo', path: paths.connectorRestoration(id), method: 'post' } as const;
const toasts: Toast[] = [
  { tone: 'ok', name: hostile, text: 'was deleted.', action: undo },
  { tone: 'info', text: hostile, action: { label: 'Open', path: paths.connector(id), method: 'get' } },
];

const shell: Shell = {
  title: hostile,
  tab: 'installed',
  tenant,
  tenants: [tenant, { id: id.replace('1', '2'), name: 'Other' }],
  user: { name: 'Ada', email: 'ada@example.com', initial: 'A' },
  role: 'owner',
  operator: true,
  installedCount: 3,
  waiting: 2,
  toasts,
  dialog: null,
};

export const card: ConnectorCard = {
  id,
  tenantId: id,
  name: hostile,
  handle: 'blog',
  entry: { key: 'slack', name: 'Slack', icon: 'slack', retired: false },
  authMethod: 'oauth2',
  status: 'active',
  statusReason: '',
  summary: hostile,
  tags: [hostile],
  unreadable: [],
  changedAt: at,
  changedBy: 'Ada',
  locked: '',
  managed: '',
  file: { differs: { since: at, fields: [hostile] }, takenOver: { source: hostile, by: hostile, at }, managed: true },
  connect: null,
  ...{ attention: true, ending: { account: hostile, at, over: false } },
  fix: { kind: 'reconnect', form: { tenantId: id, connectorId: id, connectionId: id, user: '' } },
  health: line,
};

const schema = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const, title: hostile, description: hostile } },
};
const fields: Field[] = formFields(schema, {
  prefix: '',
  idPrefix: 'c',
  value: { name: hostile },
  errors: { name: [hostile] },
});

export const form: ConnectorForm = {
  icon: 'slack',
  heading: hostile,
  subtitle: hostile,
  method: 'put',
  path: paths.connector(id),
  back: paths.installed,
  hidden: { _tenant: id, version: '4' },
  notice: hostile,
  summary: { title: 'One field needs your attention', items: [{ target: 'c-name', text: hostile }] },
  stale: { by: hostile, at, changed: [hostile] },
  sections: [{ title: hostile, help: hostile, fields }],
  submit: 'Save changes',
};

const question: Question = {
  title: hostile,
  icon: 'slack',
  tenantId: id,
  consequences: [hostile],
  use: runsPanel(hostile).use,
  ...{ undo: hostile, submit: 'Delete', destroys: true, keep: 'Keep it' },
  path: paths.connector(id),
  back: paths.installed,
};

const catalog: Models['catalog/_results']['results'] = {
  filters: { q: hostile, category: hostile, auth: 'oauth2', sort: 'popular' },
  cards: [
    {
      key: 'slack',
      name: hostile,
      icon: 'gone',
      category: hostile,
      description: hostile,
      authMethods: ['oauth2', 'client_credentials', 'api_key', 'basic', 'token', 'none'],
      installedCount: 2,
      ofOperator: true,
      locked: '',
    },
  ],
  total: 1,
  categories: [{ name: hostile, count: 1 }],
  generic: { key: 'slack', name: hostile },
  next: `${paths.catalog}?cursor=x`,
  failure: null,
  toolkits: {
    ...{ broker: hostile, first: true, next: `${paths.catalog}?toolkits=x`, staleSince: at, trouble: hostile },
    cards: [
      {
        ...{ path: paths.toolkit(id, 'gmail'), name: hostile, description: hostile, category: hostile, via: hostile },
        ...{ tools: 3, connected: true },
      },
    ],
  },
};

const installed: Models['connectors/_results']['results'] = {
  filters: { q: hostile, status: 'attention', entry: hostile },
  pending: { file: hostile, since: at, problem: '', steps: [{ name: hostile, what: hostile }] },
  counts: { all: 3, active: 1, inactive: 1, attention: 1 },
  entries: [{ key: hostile, name: hostile }],
  counters: null,
  soon: true,
  cards: [
    card,
    { ...card, id: id.replace('1', '3'), status: 'error', statusReason: hostile, unreadable: [hostile] },
    { ...card, id: id.replace('1', '4'), status: 'inactive', entry: { ...card.entry, retired: true } },
  ],
  next: `${paths.installed}?cursor=x`,
  failure: null,
};

const row: ActivityRow = {
  id,
  at,
  actor: hostile,
  action: 'connector.updated',
  label: 'changed',
  subject: { name: hostile, path: paths.connector(id) },
  details: [hostile],
  requestId: hostile,
  ip: '203.0.113.7',
};

const detail: Models['connectors/_detail']['detail'] = {
  hasTables: true,
  card: { ...card, unreadable: [hostile] },
  soon: true,
  sections: [
    {
      title: hostile,
      rows: [
        { label: hostile, value: { kind: 'text', text: hostile } },
        { label: 'List', value: { kind: 'list', items: [hostile] } },
        { label: 'Handle', value: { kind: 'copy', text: hostile } },
        { label: 'Key', value: { kind: 'secret', savedAt: at, unreadable: false } },
        { label: 'Lost', value: { kind: 'secret', savedAt: at, unreadable: true } },
        { label: 'None', value: { kind: 'none' } },
      ],
    },
  ],
  createdAt: at,
  createdBy: hostile,
  curl: hostile,
  events: [row],
  connections: connectionsPanel(hostile, connectionHealth),
  credential: credentialPanel(hostile),
  tools: toolsPanel(hostile),
  repositories: repositoriesPanel(hostile),
  runs: runsPanel(hostile),
};

const seals: Models['activity/_seals']['seals'] = { events: 1_234, upTo: at, verifiedAt: at, problems: [hostile] };
const activity: Models['activity/_results']['results'] = {
  filters: { q: hostile, action: 'connector.updated' },
  actions: [{ action: 'connector.updated', label: 'changed' }],
  rows: [row],
  next: `${paths.activity}?cursor=x`,
  newest: paths.activity,
  failure: null,
};

const reference = readReference({
  info: { title: hostile, version: '1', description: hostile },
  servers: [{ url: 'http://127.0.0.1:3000' }],
  paths: {
    '/a': { get: { summary: hostile, description: hostile, tags: [hostile], 'x-role': 'member', responses: {} } },
  },
  components: { schemas: { A: schema } },
});

const minePanels = [connectionsPanel(hostile, connectionHealth)];
const mineModels = {
  'connections/mine': { shell, panels: minePanels },
  'connections/_mine': { panels: minePanels },
};

const place = { label: hostile, detail: hostile, path: '/', brand: hostile };
const palette = { q: hostile, groups: [{ label: hostile, places: [place, { ...place, brand: '' }] }] };
const paletteModels = {
  'palette/index': { shell, palette },
  'palette/_dialog': { palette },
  'palette/_places': { palette },
};

/** A model for every page and fragment, full of what must be escaped. */
export const models: Models = {
  ...approvalModels(hostile, shell),
  ...browsingModels(hostile, shell),
  ...connectionModels(hostile),
  ...healthModels,
  ...operatorModels(hostile),
  ...settingsModels(hostile, shell),
  ...toolModels(hostile, shell, fields),
  ...executionModels(hostile, shell),
  ...publishModels(hostile, shell),
  ...usageModels(hostile, shell),
  ...mineModels,
  ...paletteModels,
  'catalog/index': { shell: { ...shell, dialog: { kind: 'form', form } }, results: catalog },
  'catalog/_results': { results: catalog },
  'connectors/index': { shell: { ...shell, dialog: { kind: 'question', question } }, results: installed },
  'connectors/_results': { results: installed },
  'connectors/show': { shell, detail },
  'connectors/_detail': { detail },
  'connectors/_dialog': { form },
  'connectors/_form': { form },
  'connectors/_question': { question },
  'activity/index': { shell, results: activity, seals },
  'activity/_seals': { seals },
  'activity/_results': { results: activity },
  'account/index': {
    shell,
    nav: [{ label: 'Your account', path: paths.account, current: true }],
    account: {
      tenantId: id,
      email: hostile,
      name: hostile,
      errors: { name: [hostile], current_password: [hostile] },
      hasPassword: true,
      secondFactor: { since: at, recoveryCodesLeft: 9 },
      sessions: [
        { id, device: hostile, ip: '203.0.113.7', usedAt: at, startedAt: at, current: true },
        { id: id.replace('1', '2'), device: hostile, ip: '', usedAt: at, startedAt: at, current: false },
      ],
      events: [{ label: hostile, bad: true, device: hostile, ip: '203.0.113.7', at }],
    },
  },
  'signin/index': { email: hostile, next: hostile, error: hostile, errors: { email: [hostile] }, provider: hostile },
  'signin/connection': {
    email: hostile,
    provider: hostile,
    secondFactor: true,
    errors: { password: [hostile], code: [hostile] },
  },
  'account/second-factor': {
    shell,
    nav: [{ label: 'Your account', path: paths.account, current: true }],
    page: {
      tenantId: id,
      errors: { code: [hostile] },
      factor: { state: 'unconfirmed', secret: hostile, svg: '<svg></svg>' },
    },
  },
  'signin/code': { next: hostile, error: hostile },
  'signin/forgot': { mails: true, sent: false, email: hostile, error: hostile },
  'signin/reset': { token: hostile, errors: { new_password: [hostile] } },
  'setup/index': {
    token: hostile,
    values: { tenant_name: hostile, name: hostile, email: hostile },
    errors: { password: [hostile] },
  },
  'errors/page': {
    status: 404,
    title: hostile,
    message: hostile,
    requestId: hostile,
    next: { label: hostile, path: paths.catalog },
  },
  'docs/index': { reference },
  'shared/_done': { toasts, installedCount: 3 },
};
