import { paths } from '../../src/routes/paths.ts';
import type {
  BudgetForm,
  BudgetModels,
  BudgetRowView,
  PriceForm,
  PriceRowView,
} from '../../src/routes/view-models/budget.ts';
import type { SettingsNav } from '../../src/routes/view-models/shared.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';

/** A model for every page of budgets and prices, with this text wherever people may put one. */
export function budgetModels(hostile: string, shell: Shell, nav: SettingsNav): BudgetModels {
  const id = shell.tenant.id;
  const resetsAt = new Date('2026-12-01T00:00:00Z');
  const option = { value: hostile, label: hostile, chosen: true };
  const budget: BudgetRowView = {
    ...{ id, name: hostile, state: 'within', limit: '10.00', used: '1.00', held: '', percent: 10 },
    ...{ warnPercent: 80, unknownPrice: 'refuse', resetsAt },
  };
  const form: BudgetForm = {
    ...{ tenantId: id, path: paths.budgets, periods: [option], limit: hostile, warnPercent: hostile },
    ...{ unknownPrices: [option], subjects: { workspace: option, keys: [option], connectors: [option] } },
    errors: { subject: [hostile], limit_usd: [hostile], warn_percent: [hostile] },
  };
  const price: PriceRowView = {
    ...{ id, model: hostile, input: '1.00', cached: '0.10', output: '2.00', validFrom: resetsAt, coming: true },
  };
  const priceForm: PriceForm = {
    ...{ tenantId: id, path: paths.prices, method: 'POST', model: hostile, input: hostile, cached: hostile },
    ...{ output: hostile, validFrom: hostile, errors: { model: [hostile], input_usd: [hostile] } },
  };
  const other = (n: number) => id.replace('1', String(n));
  return {
    'settings/budgets': {
      shell: { ...shell, tab: null },
      nav,
      page: {
        budgets: [
          budget,
          { ...budget, id: other(2), state: 'warning', held: '2.00' },
          { ...budget, id: other(3), state: 'exceeded', unknownPrice: 'allow' },
        ],
        prices: [price, { ...price, id: other(2), coming: false }],
        ...{ failure: null, budgetForm: form, priceForm, locked: hostile },
      },
    },
    'settings/budget': { shell: { ...shell, tab: null }, nav, budget, form: { ...form, subjects: null } },
    'settings/price': { shell: { ...shell, tab: null }, nav, price, form: { ...priceForm, method: 'PUT' } },
  };
}
