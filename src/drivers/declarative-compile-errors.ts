import type { ErrorsDescription } from './declarative-format-tools.ts';
import type { At, Reading } from './declarative-reading.ts';
import type { ErrorRule, Errors } from './declarative-service.ts';

export function compileErrors(
  reading: Reading,
  own: ErrorsDescription | undefined,
  shared: ErrorsDescription | undefined,
  at: At,
): Errors {
  const mine = errorsAt(reading, own, [...at, 'errors']);
  const common = errorsAt(reading, shared, ['errors']);
  return {
    message: mine.message ?? common.message,
    code: mine.code ?? common.code,
    rules: [...mine.rules, ...common.rules],
  };
}

function errorsAt(reading: Reading, errors: ErrorsDescription | undefined, at: At): Errors {
  const path = (text: string | undefined, name: string) =>
    text === undefined ? null : reading.path(text, [...at, name]);
  return reading.once(at, () => ({
    message: path(errors?.message, 'message'),
    code: path(errors?.code, 'code'),
    rules: (errors?.rules ?? []).map((rule, index) => ruleOf(reading, rule, [...at, 'rules', index])),
  }));
}

function ruleOf(reading: Reading, rule: NonNullable<ErrorsDescription['rules']>[number], at: At): ErrorRule {
  if (rule.status === undefined && rule.path === undefined)
    reading.problem(at, 'It fits every answer. Say which by status, by path and equals, or both.');
  if ((rule.path === undefined) !== (rule.equals === undefined))
    reading.problem(at, 'path and equals go together; one of them is missing.');
  return {
    status: rule.status === undefined ? null : [rule.status].flat(),
    at:
      rule.path === undefined ? null : { path: reading.path(rule.path, [...at, 'path']), equals: [rule.equals].flat() },
    fault: rule.fault,
    message: rule.message ?? null,
  };
}
