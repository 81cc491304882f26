import { type Actor, mayActAs } from '../../context.ts';
import type { KeyLimits } from '../../db/schema/index.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { isRole, type Role } from '../../lib/role.ts';
import { cleaned, nameProblem } from '../people/person-input.ts';
import { checkLimits } from './key-limits.ts';
import { isScope, type Scope, scopes } from './scopes.ts';

export interface CheckedApiKey {
  name: string;
  role: Role;
  scopes: Scope[];
  expiresAt: Date | null;
  limits: KeyLimits;
}

/** @throws AppError invalid_input with all that is wrong, by field */
export function checkApiKey(
  maker: Actor,
  input: { name: unknown; role: unknown; scopes: unknown; expiresAt: unknown; limits?: unknown },
): CheckedApiKey {
  const name = cleaned(input.name);
  const problems: Record<string, string | null> = {
    name: nameProblem(name, 'a name for the key, such as what will use it'),
    role: roleProblem(maker, input.role),
    scopes: scopesProblem(input.scopes),
    expires_at: expiryProblem(input.expiresAt),
  };
  const errors: FieldErrors = {};
  for (const [field, problem] of Object.entries(problems)) if (problem) errors[field] = [problem];
  const limits = checkLimits(input.limits, errors);
  if (Object.keys(errors).length) throw invalid(errors);
  return {
    name,
    role: input.role as Role,
    scopes: (Object.keys(scopes) as Scope[]).filter((scope) => (input.scopes as unknown[]).includes(scope)),
    limits,
    expiresAt: input.expiresAt === null ? null : new Date(input.expiresAt as string),
  };
}

function roleProblem(maker: Actor, role: unknown): string | null {
  if (!isRole(role)) return 'Choose a role: member, admin or owner.';
  return mayActAs(maker, role) ? null : roleTooHigh(maker.role);
}

/** Told when a key would be able to do more than its maker. */
export const roleTooHigh = (own: Role) => `A key cannot have a higher role than you have yourself, which is ${own}.`;

function scopesProblem(given: unknown): string | null {
  if (!Array.isArray(given) || !given.length) return 'Choose at least one thing that the key may do.';
  return given.every(isScope) ? null : `Choose from ${Object.keys(scopes).join(', ')}.`;
}

/** What is wrong with the time that a key ends at; null for none, and for an end that is ahead. */
export function expiryProblem(given: unknown): string | null {
  if (given === null) return null;
  const at = typeof given === 'string' ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(at)) return 'Choose when the key ends, or that it has no end.';
  return at > Date.now() ? null : 'Choose a time in the future.';
}
