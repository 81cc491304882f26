import type { FieldErrors } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import type { KeyStatus } from '../../services/api-keys/api-keys.ts';
import type { BudgetModels, BudgetPartials } from './budget.ts';
import type { Confirm } from './dialog.ts';
import type { McpModels, McpPartials } from './mcp.ts';
import type { Option, SettingsNav } from './shared.ts';
import type { Shell } from './shell.ts';
import type { WebhookModels, WebhookPartials } from './webhook.ts';

// What the templates under views/settings/ are given.

export interface ApiKeyRowView {
  id: string;
  name: string;
  prefix: string;
  role: Role;
  /** What it may do now when that is less than `role`; '' otherwise. */
  actsAs: Role | '';
  /** What it may do, in words. */
  scopes: string[];
  /** What it is limited to, in words. */
  limits: string[];
  status: KeyStatus;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedBy: string;
}

export interface ApiKeysPage {
  rows: ApiKeyRowView[];
  next: string | null;
  failure: string | null;
  /** The key that was just made: shown this once. */
  made: { name: string; key: string; curl: string } | null;
}

export interface KeyLimitsForm {
  connectors: Option[];
  tools: string;
  readOnly: boolean;
  callsPerHour: string;
  approvals: Option[];
  approvalHours: string;
}

/** One key, with what can be changed of it. */
export interface ApiKeyPage {
  tenantId: string;
  row: ApiKeyRowView;
  /** Why this person can change nothing of it; '' when they can. */
  locked: string;
  limits: KeyLimitsForm;
  /** When it ends; the first one leaves that as it is. */
  expiries: Option[];
  /** US dollars, '' for no budget; with what is used of it. */
  spend: { name: 'spend.day_usd' | 'spend.month_usd'; label: string; amount: string; used: string; path: string }[];
  /** Why this person may not set what it spends; '' when they may. */
  spendLocked: string;
  errors: FieldErrors;
}

export interface NewApiKeyPage {
  tenantId: string;
  /** The id that the form reserves: sending it twice makes one key. */
  id: string;
  name: string;
  roles: Option[];
  scopes: Option[];
  /** To language models; the first one stands for any. */
  connectors: Option[];
  limits: KeyLimitsForm;
  /** Something is chosen or wrong in it. */
  limitsOpen: boolean;
  expiries: Option[];
  errors: FieldErrors;
}

export interface MemberRowView {
  id: string;
  name: string;
  email: string;
  role: Role;
  /** How many API keys they made that are in force. */
  keys: number;
  joinedAt: Date;
  self: boolean;
  mayChange: boolean;
  mayRemove: boolean;
}

export interface InvitePanel {
  tenantId: string;
  email: string;
  roles: Option[];
  errors: FieldErrors;
  /** Whether the hub sends links by e-mail. */
  mails: boolean;
  /** The link that was just made: shown this once. */
  made: { email: string; link: string; emailed: boolean } | null;
  pending: { id: string; email: string; role: Role; invitedBy: string; expiresAt: Date }[];
}

/** What the page behind an invitation's link shows. */
export interface InvitationPage {
  token: string;
  next: 'sign-up' | 'sign-in' | 'sign-out' | 'join';
  /** The address of whoever is signed in; '' for nobody. */
  signedIn: string;
  tenantName: string;
  email: string;
  role: Role;
  name: string;
  errors: FieldErrors;
}

export interface MembersPage {
  rows: MemberRowView[];
  /** Why this person may change nothing here; '' when they may. */
  locked: string;
  /** Null for whoever may not invite. */
  invite: InvitePanel | null;
  failure: string | null;
}

export interface SettingsModels extends WebhookModels, BudgetModels, McpModels {
  'invitations/show': { invitation: InvitationPage };
  'settings/members': { shell: Shell; nav: SettingsNav; members: MembersPage };
  'settings/_confirm': { confirm: Confirm };
  'settings/api-keys': { shell: Shell; nav: SettingsNav; keys: ApiKeysPage };
  'settings/models': { shell: Shell; nav: SettingsNav; options: Option[]; locked: string };
  'settings/api-key': { shell: Shell; nav: SettingsNav; page: ApiKeyPage };
  'settings/new-api-key': { shell: Shell; nav: SettingsNav; form: NewApiKeyPage };
}

/** What only pages of the settings include. */
export interface SettingsPartials extends WebhookPartials, BudgetPartials, McpPartials {
  'settings/_nav': { nav: SettingsNav };
  'settings/_invite': { invite: InvitePanel };
  'settings/_member': { row: MemberRowView };
  'settings/_api-key': { row: ApiKeyRowView };
  'settings/_limits': { limits: KeyLimitsForm; errors: FieldErrors };
  'settings/_made': { made: NonNullable<ApiKeysPage['made']> };
  'settings/_choice': { name: string; label: string; help: string; options: Option[]; errors: string[] | undefined };
}
