import type { Refusal } from '../../db/queries/budget-reservations.ts';
import { AppError } from '../../errors.ts';
import { shortUsd } from '../../lib/money.ts';

/** Budgets stood against a call, and it did not leave. */
export class BudgetRefused extends AppError {
  readonly refusals: Refusal[];
  constructor(refusals: Refusal[], ...rest: ConstructorParameters<typeof AppError>) {
    super(...rest);
    this.refusals = refusals;
  }
}

interface Named {
  period: 'day' | 'month';
  apiKeyName: string | null;
  connectorName: string | null;
}

/** As people know it: “Monthly budget of the connector Models”. */
export function budgetName({ period, apiKeyName, connectorName }: Named): string {
  const whose = apiKeyName
    ? `the key ${apiKeyName}`
    : connectorName
      ? `the connector ${connectorName}`
      : 'the workspace';
  return `${period === 'day' ? 'Daily' : 'Monthly'} budget of ${whose}`;
}

/** Calls that are under way give back what they do not use; that is seldom long in coming. */
const underWayS = 5;

/** Why a call does not leave, in the words for who sent it. @param amountNano null when nobody knows its price */
export function refusalOf(refusals: Refusal[], model: string, amountNano: number | null): BudgetRefused {
  const [refusal] = refusals.toSorted((a, b) => b.endsAt.getTime() - a.endsAt.getTime());
  if (!refusal) throw new TypeError('No budget refused');
  const { id, limitNano, spentNano, reservedNano, endsAt } = refusal;
  const scope = refusal.apiKeyName ? 'api_key' : refusal.connectorName ? 'connector' : 'workspace';
  const about = { id, scope, period: refusal.period, resets_at: endsAt.toISOString() };
  const usd = { limit_usd: shortUsd(limitNano), used_usd: shortUsd(spentNano), reserved_usd: shortUsd(reservedNano) };
  const name = budgetName(refusal);
  if (amountNano === null) {
    const message = `Nobody knows the price of “${model}”, and the ${lower(name)} refuses such calls. Enter a price for it under Budgets and prices, or let the budget allow them.`;
    return new BudgetRefused(refusals, 'price_unknown', message, {
      extra: { budget: { ...about, ...usd }, param: 'model' },
    });
  }
  const needs = `this call may cost up to ${shortUsd(amountNano)}`;
  const sums = `${shortUsd(spentNano)} of ${shortUsd(limitNano)} US dollars are used`;
  const held = reservedNano ? ` and ${shortUsd(reservedNano)} are held for calls under way` : '';
  const passing = spentNano + amountNano <= limitNano;
  const advice = passing
    ? 'Try again in a few seconds.'
    : `Name a smaller max_tokens, or wait: it begins anew on ${endsAt.toISOString().slice(0, 16).replace('T', ' at ')} UTC.`;
  const message = `The ${lower(name)} does not allow this: ${sums}${held}, and ${needs}. ${advice}`;
  const seconds = passing ? underWayS : Math.max(1, Math.ceil((endsAt.getTime() - Date.now()) / 1000));
  const budget = { ...about, ...usd, needed_usd: shortUsd(amountNano) };
  return new BudgetRefused(refusals, 'budget_exceeded', message, { retryAfter: seconds, extra: { budget } });
}

const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
