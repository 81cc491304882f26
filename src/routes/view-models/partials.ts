import type { AuthMethod } from '../../drivers/driver.ts';
import type { FieldErrors } from '../../errors.ts';
import type { Block, Field, FieldKind } from '../../lib/forms/field.ts';
import type { ErrorSummary } from '../../lib/forms/summary.ts';
import type { FieldReference, OperationReference } from '../../lib/reference.ts';
import type { Role } from '../../lib/role.ts';
import type { AccountPage } from './account.ts';
import type { ActivityRow } from './activity.ts';
import type { ApprovalPartials } from './approval.ts';
import type { BrowsingPartials } from './browsing.ts';
import type { ConnectionPartials } from './connection.ts';
import type {
  CatalogCard,
  CatalogFilters,
  CatalogResults,
  ConnectorCard,
  FileNote,
  FilePending,
  InstalledFilters,
  InstalledResults,
  ShownValue,
} from './connector.ts';
import type { StaleEdit } from './dialog.ts';
import type { ExecutionPartials } from './execution.ts';
import type { HealthPartials } from './health.ts';
import type { OperationPartials } from './operation.ts';
import type { OperatorPartials } from './operator.ts';
import type { PalettePartials } from './palette.ts';
import type { PublishPartials } from './publish.ts';
import type { SettingsPartials } from './settings.ts';
import type { Named, Toast } from './shared.ts';
import type { Shell } from './shell.ts';
import type { ToolPartials } from './tool.ts';
import type { ToolkitPartials } from './toolkit.ts';
import type { UsagePartials } from './usage.ts';

// What templates give to the partials that only they include, and pages to the layout around them, where `body` is the page.
// Templates are checked against it by tests/views/types.test.ts.

/** A control's template is given its own kind of field. */
type FieldPartials = { [Kind in FieldKind as `forms/_${Kind}`]: { field: Extract<Field, { kind: Kind }> } };

export interface Partials
  extends FieldPartials,
    ApprovalPartials,
    BrowsingPartials,
    ConnectionPartials,
    ExecutionPartials,
    HealthPartials,
    OperatorPartials,
    SettingsPartials,
    OperationPartials,
    PalettePartials,
    ToolPartials,
    ToolkitPartials,
    PublishPartials,
    UsagePartials {
  'account/_history': { account: AccountPage };
  'account/_password': { account: AccountPage };
  'account/_profile': { account: AccountPage };
  'account/_second-factor': { account: AccountPage };
  'account/_sessions': { account: AccountPage };
  'activity/_row': { row: ActivityRow };
  'catalog/_card': { card: CatalogCard };
  'catalog/_empty': { filters: CatalogFilters; generic: CatalogResults['generic'] };
  'catalog/_filters': {
    filters: CatalogFilters;
    categories: CatalogResults['categories'];
    total: number;
    beside: string;
  };
  'connectors/_actions': { card: ConnectorCard; primary: boolean; small: boolean };
  'connectors/_card': { card: ConnectorCard };
  'connectors/_file': { file: FileNote };
  'connectors/_pending': { pending: FilePending };
  'connectors/_filters': {
    filters: InstalledFilters;
    counts: InstalledResults['counts'];
    entries: InstalledResults['entries'];
  };
  'connectors/_none': object;
  'connectors/_stale': { stale: StaleEdit };
  'connectors/_trouble': { card: ConnectorCard };
  'connectors/_value': { value: ShownValue };
  'docs/_fields': { fields: FieldReference[]; label: string };
  'docs/_operation': { operation: OperationReference };
  'docs/_prose': { text: string };
  'forms/_aria': { field: Field };
  'forms/_block': { block: Block };
  'forms/_clear': { field: Extract<Field, { clearName: string }> };
  'forms/_error-summary': { summary: ErrorSummary };
  'forms/_errors': { field: Field };
  'forms/_fields': { fields: Field[] };
  'forms/_head': { field: Field };
  'forms/_hints': { field: Field };
  'forms/_saved': object;
  'forms/_title': { field: Field };
  'layouts/app': { shell: Shell; body: string };
  'layouts/plain': { title: string; kind: 'entrance' | 'docs'; body: string };
  'layouts/_account': { user: Shell['user']; role: Shell['role'] | 'operator'; operator: boolean };
  'layouts/_head': { title: string };
  'layouts/_stand-ins': object;
  'layouts/_theme': object;
  'layouts/_toasts': { toasts: Toast[] };
  'layouts/_workspaces': { tenant: Named; tenants: Named[] };
  'shared/_back': { path: string; label: string };
  'shared/_cable': object;
  'shared/_chip': { label: string; count: number; path: string; chosen: boolean };
  'shared/_copy': { id: string; label: string; text: string };
  'shared/_errors': { errors: FieldErrors };
  'shared/_failure': { title: string; reason: string; retry: string };
  'shared/_input': InputPartial;
  'shared/_logo': object;
  'shared/_method': { method: AuthMethod; brief: boolean };
  'shared/_method-name': { method: AuthMethod };
  'shared/_role-name': { role: Role | 'operator' };
  'shared/_status': { status: ConnectorCard['status']; unreadable: boolean };
  'shared/_toast': { toast: Toast };
}

/** A plain field of a form that is not made from a schema. */
interface InputPartial {
  name: string;
  label: string;
  type: 'text' | 'email' | 'url' | 'password';
  value: string;
  /** May stay empty. */
  optional?: boolean;
  autocomplete: string;
  help: string;
  errors: string[] | undefined;
  focus: boolean;
}
