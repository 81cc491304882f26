import type { FieldErrors } from '../../errors.ts';
import type { BudgetState } from '../../services/usage/budget-settings.ts';
import type { Option, SettingsNav } from './shared.ts';
import type { Shell } from './shell.ts';

// What the templates for budgets and prices under views/settings/ are given. Amounts are US dollars, as people write them.

export interface BudgetRowView {
  id: string;
  name: string;
  state: BudgetState;
  limit: string;
  used: string;
  /** What calls under way hold; '' for nothing. */
  held: string;
  /** Of the limit, held included; 100 at most. */
  percent: number;
  warnPercent: number | null;
  unknownPrice: 'refuse' | 'allow';
  resetsAt: Date;
}

/** The form for a new budget, or for one that is there: then it is about its terms alone. */
export interface BudgetForm {
  tenantId: string;
  path: string;
  /** Null for one that is there. */
  subjects: { workspace: Option; keys: Option[]; connectors: Option[] } | null;
  periods: Option[];
  limit: string;
  warnPercent: string;
  unknownPrices: Option[];
  errors: FieldErrors;
}

export interface PriceRowView {
  id: string;
  model: string;
  input: string;
  cached: string;
  output: string;
  validFrom: Date;
  /** It counts from a moment on that is still to come. */
  coming: boolean;
}

export interface PriceForm {
  tenantId: string;
  path: string;
  method: 'POST' | 'PUT';
  model: string;
  input: string;
  cached: string;
  output: string;
  /** A day in ISO 8601; '' for now. */
  validFrom: string;
  errors: FieldErrors;
}

export interface BudgetsPage {
  budgets: BudgetRowView[];
  prices: PriceRowView[];
  failure: string | null;
  /** Null for whoever may not, and when nothing could be loaded. */
  budgetForm: BudgetForm | null;
  priceForm: PriceForm | null;
  /** Why this person may not change everything here; '' when they may. */
  locked: string;
}

export interface BudgetModels {
  'settings/budgets': { shell: Shell; nav: SettingsNav; page: BudgetsPage };
  'settings/budget': { shell: Shell; nav: SettingsNav; budget: BudgetRowView; form: BudgetForm };
  'settings/price': { shell: Shell; nav: SettingsNav; price: PriceRowView; form: PriceForm };
}

export interface BudgetPartials {
  'settings/_budget': { budget: BudgetRowView; mayChange: boolean };
  'settings/_budget-use': { budget: BudgetRowView };
  'settings/_budget-form': { form: BudgetForm; submit: string };
  'settings/_price': { price: PriceRowView; mayChange: boolean };
  'settings/_price-form': { form: PriceForm; submit: string };
  'settings/_amount': {
    name: string;
    label: string;
    help: string;
    value: string;
    /** What the keyboard of a phone offers; `date` for a day. */
    kind: 'decimal' | 'numeric' | 'text' | 'date';
    required: boolean;
    errors: string[] | undefined;
  };
}
