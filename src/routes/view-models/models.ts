import type { FieldErrors } from '../../errors.ts';
import type { Reference } from '../../lib/reference.ts';
import type { Helpers, Views } from '../../lib/views.ts';
import type { paths } from '../paths.ts';
import type { AccountModels } from './account.ts';
import type { ActivityModels } from './activity.ts';
import type { ApprovalModels } from './approval.ts';
import type { BrowsingModels } from './browsing.ts';
import type { ConnectionModels } from './connection.ts';
import type { CatalogResults, ConnectorDetail, InstalledResults } from './connector.ts';
import type { ConnectorForm, Question } from './dialog.ts';
import type { ExecutionModels } from './execution.ts';
import type { HealthModels } from './health.ts';
import type { OperationModels } from './operation.ts';
import type { OperatorModels } from './operator.ts';
import type { PaletteModels } from './palette.ts';
import type { PublishModels } from './publish.ts';
import type { RepositoryModels } from './repository.ts';
import type { SettingsModels } from './settings.ts';
import type { Toast } from './shared.ts';
import type { Shell } from './shell.ts';
import type { ToolModels } from './tool.ts';
import type { UsageModels } from './usage.ts';

// What each template is given, by its name under views/. Paths are without the base path: templates put it in front.
//
// How a change answers htmx: `shared/_done`, with the header `HX-Trigger: connectors-changed`, upon which every region of the
// page that shows connectors fetches itself again by its own address. The trigger `dialog-close` closes the dialog. A form that
// was refused answers with `connectors/_form` alone, a dialog opens with `connectors/_dialog` or `connectors/_question`.
// Without htmx the same dialog stands in `shell.dialog` of the page behind it.

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
