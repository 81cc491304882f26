import type { Role } from '../context.ts';
import type { FieldErrors } from '../errors.ts';
import type { Reference } from '../lib/reference.ts';
import type { Helpers, Views } from '../lib/views.ts';
import type { AccountModels } from './account-views.ts';
import type { ActivityModels } from './activity-views.ts';
import type { ApprovalModels } from './approval-views.ts';
import type { BrowsingModels } from './browsing-views.ts';
import type { ConnectionModels } from './connection-views.ts';
import type { CatalogResults, ConnectorDetail, ConnectorForm, InstalledResults, Question } from './connector-views.ts';
import type { ExecutionModels } from './execution-views.ts';
import type { HealthModels } from './health-views.ts';
import type { OperationModels } from './operation-views.ts';
import type { OperatorModels } from './operator-views.ts';
import type { PaletteModels } from './palette-views.ts';
import type { paths } from './paths.ts';
import type { PublishModels } from './publish-views.ts';
import type { RepositoryModels } from './repository-views.ts';
import type { Confirm, SettingsModels } from './settings-views.ts';
import type { ToolModels } from './tool-views.ts';
import type { UsageModels } from './usage-views.ts';

// What each template is given, by its name under views/. Paths are without the base path: templates put it in front.
//
// How a change answers htmx: `shared/_done`, with the header `HX-Trigger: connectors-changed`, upon which every region of the
// page that shows connectors fetches itself again by its own address. The trigger `dialog-close` closes the dialog. A form that
// was refused answers with `connectors/_form` alone, a dialog opens with `connectors/_dialog` or `connectors/_question`.
// Without htmx the same dialog stands in `shell.dialog` of the page behind it.

export interface Named {
  id: string;
  name: string;
}

/** What the frame of every signed-in page shows. */
export interface Shell {
  title: string;
  tab: 'catalog' | 'installed' | 'activity' | 'usage' | 'publish' | null;
  tenant: Named;
  tenants: Named[];
  user: { name: string; email: string; initial: string };
  role: Role;
  /** Whether the person runs the hub itself. */
  operator: boolean;
  installedCount: number;
  /** How many calls wait for this person to decide; 0 for whoever may not. */
  waiting: number;
  /** Shown once the page is there: what was done before the redirect that led here. */
  toasts: Toast[];
  /** Open over the page, so that its address can be reloaded and works without JavaScript. */
  dialog: Dialog | null;
}

export interface Toast {
  tone: 'ok' | 'bad' | 'info';
  /** In bold in front of the text: `{ name: 'Editorial Slack', text: 'is active.' }`. */
  name?: string;
  text: string;
  /** `post` for Undo, `get` for a link. */
  action?: { label: string; path: string; method: 'get' | 'post' };
}

export type ConnectorDialog = { kind: 'form'; form: ConnectorForm } | { kind: 'question'; question: Question };

export type Dialog = ConnectorDialog | { kind: 'confirm'; confirm: Confirm };

export interface SignInPage {
  email: string;
  next: string;
  /** A sentence about the last try; '' at first. */
  error: string;
  errors: FieldErrors;
  /** What the provider of single sign-on is called; null when there is none. */
  provider: string | null;
}

export interface ErrorPage {
  status: number;
  title: string;
  message: string;
  requestId: string;
  /** Where to go on. */
  next: { label: string; path: string };
}

/** After a change: toasts and the number on the Installed tab, for whichever page is open. */
export interface Done {
  toasts: Toast[];
  /** null leaves it as it is. */
  installedCount: number | null;
}

export interface Models
  extends AccountModels,
    ActivityModels,
    ApprovalModels,
    BrowsingModels,
    ConnectionModels,
    HealthModels,
    ExecutionModels,
    OperatorModels,
    OperationModels,
    PaletteModels,
    PublishModels,
    RepositoryModels,
    SettingsModels,
    ToolModels,
    UsageModels {
  'catalog/index': { shell: Shell; results: CatalogResults };
  'catalog/_results': { results: CatalogResults };
  'connectors/index': { shell: Shell; results: InstalledResults };
  'connectors/_results': { results: InstalledResults };
  'connectors/show': { shell: Shell; detail: ConnectorDetail };
  'connectors/_detail': { detail: ConnectorDetail };
  'connectors/_dialog': { form: ConnectorForm };
  'connectors/_form': { form: ConnectorForm };
  'connectors/_question': { question: Question };
  'signin/index': SignInPage;
  'setup/index': { token: string; values: Record<'tenant_name' | 'name' | 'email', string>; errors: FieldErrors };
  'errors/page': ErrorPage;
  'docs/index': { reference: Reference };
  'shared/_done': Done;
}

/** What every template is given beside its model. */
export interface ViewGlobals extends Helpers {
  paths: typeof paths;
}

export type PatchbayViews = Views<Models>;
