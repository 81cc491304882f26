import type { Context } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, mayActAs, rolesUpTo } from '../../context.ts';
import type { ApiKeyRow } from '../../db/queries/api-keys.ts';
import type { BudgetRow } from '../../db/queries/budgets.ts';
import type { KeyLimits } from '../../db/schema/index.ts';
import type { FieldErrors } from '../../errors.ts';
import { capital } from '../../lib/capital.ts';
import { shortUsd } from '../../lib/money.ts';
import type { Role } from '../../lib/role.ts';
import { listApiKeys, roleOfKey, statusOfKey } from '../../services/api-keys/api-keys.ts';
import { isScope, type Scope, scopes } from '../../services/api-keys/scopes.ts';
import { listInstalled } from '../../services/connectors/installed.ts';
import { getModelSettings } from '../../services/gateway/model-settings.ts';
import { listBudgets } from '../../services/usage/budget-settings.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { isPartial } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';
import type { ApiKeyRowView, ApiKeysPage, KeyLimitsForm, NewApiKeyPage } from '../view-models/settings.ts';
import type { Option, SettingsNav } from '../view-models/shared.ts';
import type { Shell } from '../view-models/shell.ts';

const ways: { label: string; path: string; lowest: Role }[] = [
  { label: 'Members', path: paths.members, lowest: 'member' },
  { label: 'API keys', path: paths.apiKeys, lowest: 'admin' },
  { label: 'Agents', path: paths.mcp, lowest: 'member' },
  { label: 'Webhooks', path: paths.webhooks, lowest: 'admin' },
  { label: 'Language models', path: paths.modelSettings, lowest: 'member' },
  { label: 'Budgets and prices', path: paths.budgets, lowest: 'member' },
  { label: 'Tool runs', path: paths.executionSettings, lowest: 'member' },
  { label: 'Your account', path: paths.account, lowest: 'member' },
];

/** The ways through the settings for this person. */
export const settingsNav = (ctx: Ctx, current: string): SettingsNav =>
  ways
    .filter(({ lowest }) => mayActAs(ctx.actor, lowest))
    .map(({ label, path }) => ({ label, path, current: path === current }));

interface Shown {
  made?: ApiKeysPage['made'];
  confirm?: Confirm;
}

/** The list of keys; with the one that was just made, or behind a question. */
export async function apiKeysPage(tools: PageTools, ctx: Ctx, c: Context<Env>, shown: Shown = {}): Promise<Response> {
  const cursor = c.req.method === 'GET' ? c.req.query('cursor') : undefined;
  const { value, failure } = await orFailure(Promise.all([listApiKeys(ctx, { cursor }), listBudgets(ctx)]));
  const [list, budgets = []] = value ?? [];
  const keys = {
    rows: list?.data.map((row) => apiKeyRow(row, budgets)) ?? [],
    next: list?.nextCursor ? nextPage(c, paths.apiKeys, list.nextCursor) : null,
    failure,
    made: shown.made ?? null,
  };
  const shell = await frame(tools, ctx, c, 'API keys', shown.confirm);
  return tools.html(c, 'settings/api-keys', { shell, nav: settingsNav(ctx, paths.apiKeys), keys });
}

/** The frame of a page of the settings. */
export const frame = (tools: PageTools, ctx: Ctx, c: Context<Env>, title: string, confirm?: Confirm): Promise<Shell> =>
  tools.shell(c, ctx, { title, tab: null, dialog: confirm && { kind: 'confirm', confirm } });

/** @param budgets of the workspace; those of this key are told */
export const apiKeyRow = (row: ApiKeyRow, budgets: BudgetRow[]): ApiKeyRowView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  actsAs: row.makerRole && roleOfKey(row) !== row.role ? roleOfKey(row) : '',
  scopes: row.scopes.map((scope) => (isScope(scope) ? scopes[scope] : scope)),
  limits: [
    ...limitsInWords(row.limits),
    ...budgets.flatMap((each) => (each.apiKeyId === row.id ? spendInWords(each) : [])),
  ],
  status: statusOfKey(row),
  createdBy: row.createdByName,
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  lastUsedAt: row.lastUsedAt,
  revokedBy: row.revokedByName ?? '',
});

const spendInWords = ({ limitNano, period }: BudgetRow) => `$${shortUsd(limitNano)} a ${period}`;

const approvalWords = { writes: 'Changes need approval', destructive: 'Destructive calls need approval' };

/** What a key or an app is limited to. */
export function limitsInWords({ connectors, tools, readOnly, callsPerHour, approval }: KeyLimits): string[] {
  return [
    readOnly ? 'Only reads' : '',
    connectors ? `${connectors.length} ${connectors.length === 1 ? 'connector' : 'connectors'} only` : '',
    tools ? `Only ${tools.join(', ')}` : '',
    callsPerHour ? `${callsPerHour} calls an hour` : '',
    approval ? approvalWords[approval] : '',
  ].filter(Boolean);
}

/** Over the page that is there, or with the list behind it. */
export const apiKeyQuestion = (tools: PageTools, ctx: Ctx, c: Context<Env>, confirm: Confirm) =>
  isPartial(c) ? tools.html(c, 'settings/_confirm', { confirm }) : apiKeysPage(tools, ctx, c, { confirm });

/** What the form for a new key was sent with. */
export interface SentKey {
  name: string;
  role: string;
  scopes: string[];
  /** The only connector that it may ask models through; '' for any. */
  modelConnector: string;
  /** Days until it ends, or `never`. */
  expires: string;
  /** The connectors that its calls may go through; none for any. */
  connectors: string[];
  /** Names of tools with blanks, commas or lines between them. */
  tools: string;
  readOnly: boolean;
  callsPerHour: string;
  /** Which of its calls wait for an admin, and for how many hours. */
  approval: string;
  approvalHours: string;
}

export type SentLimits = Pick<
  SentKey,
  'connectors' | 'tools' | 'readOnly' | 'callsPerHour' | 'approval' | 'approvalHours'
>;

/** Its limits, as the verb takes them. */
export const limitsIn = ({ connectors, tools, readOnly, callsPerHour, approval, approvalHours }: SentLimits) => ({
  connectors,
  tools: tools.split(/[\s,]+/).filter(Boolean),
  read_only: readOnly,
  calls_per_hour: callsPerHour ? Number(callsPerHour) : null,
  approval,
  approval_hours: approvalHours ? Number(approvalHours) : null,
});

const unsent: SentKey = {
  name: '',
  role: 'member',
  scopes: ['catalog:read', 'connectors:read'],
  modelConnector: '',
  expires: '90',
  connectors: [],
  tools: '',
  readOnly: false,
  callsPerHour: '',
  approval: 'none',
  approvalHours: '',
};

/** For what the page about agents leads here. */
const forAgent: SentKey = { ...unsent, scopes: ['tools:read', 'tools:execute'] };

/** How long a key may live, as the form offers it. */
export const expiries = { '30': 'In 30 days', '90': 'In 90 days', '365': 'In a year', never: 'Never' };

/** The form for a new key; with what was wrong in it. */
export async function newApiKeyPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  {
    sent = c.req.query('for') === 'agent' ? forAgent : unsent,
    errors = {},
  }: { sent?: SentKey; errors?: FieldErrors } = {},
): Promise<Response> {
  const roles = rolesUpTo(ctx.actor);
  const { connectors } = await getModelSettings(ctx);
  const form: NewApiKeyPage = {
    tenantId: ctx.tenantId,
    id: uuidv7(),
    name: sent.name,
    roles: roles.map((role) => option(role, capital(role), role === sent.role)),
    scopes: (Object.keys(scopes) as Scope[]).map((scope) => option(scope, scopes[scope], sent.scopes.includes(scope))),
    connectors: [{ id: '', name: 'Any' }, ...connectors].map(({ id, name }) =>
      option(id, name, id === sent.modelConnector),
    ),
    limits: await limitsForm(ctx, sent),
    limitsOpen: isLimited(sent) || Object.keys(errors).some((field) => field.startsWith('limits')),
    expiries: Object.entries(expiries).map(([value, label]) => option(value, label, value === sent.expires)),
    errors,
  };
  const shell = await frame(tools, ctx, c, 'Create an API key');
  const nav = settingsNav(ctx, paths.apiKeys);
  return tools.html(c, 'settings/new-api-key', { shell, nav, form }, Object.keys(errors).length ? 422 : 200);
}

const isLimited = ({ connectors, tools, readOnly, callsPerHour, approval }: SentLimits) =>
  Boolean(connectors.length || tools || readOnly || callsPerHour) || approval !== 'none';

const approvals = {
  none: 'None',
  destructive: 'What may change or remove something that is there',
  writes: 'Everything that changes something',
};

/** The fields for what a key is limited to. */
export async function limitsForm(ctx: Ctx, sent: SentLimits): Promise<KeyLimitsForm> {
  const { data } = await listInstalled(ctx, { limit: 200 });
  return {
    connectors: data.map(({ id, name }) => option(id, name, sent.connectors.includes(id))),
    tools: sent.tools,
    readOnly: sent.readOnly,
    callsPerHour: sent.callsPerHour,
    approvals: Object.entries(approvals).map(([value, label]) => option(value, label, value === sent.approval)),
    approvalHours: sent.approvalHours,
  };
}

export const option = (value: string, label: string, chosen: boolean): Option => ({ value, label, chosen });

/** The end that was chosen, as the verb takes it; what the form does not offer is not a time at all. */
export function endOf(expires: string): string | null {
  if (expires === 'never') return null;
  return Object.hasOwn(expiries, expires) ? new Date(Date.now() + Number(expires) * 86_400_000).toISOString() : '';
}
