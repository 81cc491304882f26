import { type FieldErrors, invalid } from '../../errors.ts';
import { nanoOf } from '../../lib/money.ts';
import { cleaned, lineProblem } from '../people/person-input.ts';

export interface BudgetTerms {
  limitNano: number;
  warnPercent: number | null;
  unknownPrice: 'refuse' | 'allow';
}

/** @throws AppError invalid_input with all that is wrong, by field */
export function checkBudgetTerms(input: {
  limit_usd: unknown;
  warn_percent: unknown;
  unknown_price: unknown;
}): BudgetTerms {
  const limit = cleaned(input.limit_usd);
  const warn = input.warn_percent === '' || input.warn_percent === null ? null : Number(input.warn_percent);
  refuse({
    limit_usd: limitProblem(limit),
    warn_percent:
      warn === null || (Number.isInteger(warn) && warn >= 1 && warn <= 100)
        ? null
        : 'Enter a whole number from 1 to 100, or nothing.',
    unknown_price:
      input.unknown_price === 'refuse' || input.unknown_price === 'allow' ? null : 'Choose refuse or allow.',
  });
  return { limitNano: nanoOf(limit), warnPercent: warn, unknownPrice: input.unknown_price as 'refuse' | 'allow' };
}

/** A million dollars: far above what is meant, and sums stay exact. */
const highestNano = 1e15;

function limitProblem(limit: string): string | null {
  if (!/^\d{1,7}(\.\d{1,9})?$/.test(limit)) return 'Enter an amount in US dollars, such as 25 or 0.50.';
  const nano = nanoOf(limit);
  return nano > 0 && nano <= highestNano ? null : 'Enter more than 0 and at most 1000000 US dollars.';
}

export interface PriceTerms {
  model: string;
  input: string;
  cached: string | null;
  output: string;
  validFrom: Date;
}

/** @throws AppError invalid_input with all that is wrong, by field */
export function checkPrice(
  input: Record<'model' | 'input_usd' | 'cached_usd' | 'output_usd' | 'valid_from', unknown>,
): PriceTerms {
  const model = cleaned(input.model);
  const [inputUsd, cachedUsd, outputUsd] = [
    cleaned(input.input_usd),
    cleaned(input.cached_usd),
    cleaned(input.output_usd),
  ];
  const from = cleaned(input.valid_from);
  const validFrom = from ? new Date(from) : new Date();
  refuse({
    model: modelProblem(model),
    input_usd: amountProblem(inputUsd),
    cached_usd: cachedUsd ? amountProblem(cachedUsd) : null,
    output_usd: amountProblem(outputUsd),
    valid_from: Number.isNaN(validFrom.getTime()) || farOff(validFrom) ? 'Enter a date, such as 2026-12-01.' : null,
  });
  return { model, input: inputUsd, cached: cachedUsd || null, output: outputUsd, validFrom };
}

const farOff = (date: Date) => date.getUTCFullYear() < 2000 || date.getUTCFullYear() > 2200;

function modelProblem(model: string): string | null {
  if (!model) return 'Enter the name of a model, or how it begins with * at the end.';
  if (model.slice(0, -1).includes('*')) return 'Put * at the end only: it stands for whatever follows.';
  if (model.startsWith('tier:')) return 'Name the model itself: a tier stands for one.';
  return lineProblem(model, 200);
}

const amountProblem = (amount: string): string | null =>
  /^\d{1,6}(\.\d{1,6})?$/.test(amount)
    ? null
    : 'Enter US dollars for a million tokens, such as 0.15; at most six decimals.';

function refuse(problems: Record<string, string | null>): void {
  const errors: FieldErrors = {};
  for (const [field, problem] of Object.entries(problems)) if (problem) errors[field] = [problem];
  if (Object.keys(errors).length) throw invalid(errors);
}
