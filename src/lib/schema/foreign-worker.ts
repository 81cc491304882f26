import { parentPort } from 'node:worker_threads';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { RE2JS } from 're2js';
import type { FieldErrors } from '../../errors.ts';
import { fieldErrorsOf, tellErrors } from './compile.ts';
import { xKeywords } from './vocabulary.ts';

// Runs beside the main thread and is killed when it takes too long (`foreign.ts`).

export interface Question {
  /** Schemas with the same text are compiled once. */
  text: string;
  /** As JSON text; absent when only the schema is asked about. */
  value?: string;
}

export type Answer = { errors: FieldErrors } | { reason: string };

/** As many compiled schemas as a few busy tenants use at a time. */
const kept = 100;
/** Nobody mends more at a time. */
const maxTold = 100;
const compiled = new Map<string, ValidateFunction>();

/** Patterns of others run on an engine without backtracking: no input can make them slow. Look-around is refused. */
const linear = (pattern: string) => {
  const engine = RE2JS.compile(pattern);
  // Ajv takes patterns with the same text for the same pattern.
  return { test: (text: string) => engine.matcher(text).find(), toString: () => pattern };
};

function compile(text: string): ValidateFunction {
  const known = compiled.get(text);
  if (known) return known;
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    ownProperties: true,
    logger: false,
    code: { regExp: Object.assign(linear, { code: 'linear' }) },
  });
  formats.default(ajv);
  ajv.addVocabulary(xKeywords);
  const validate = ajv.compile(JSON.parse(text));
  if (compiled.size >= kept) compiled.delete(compiled.keys().next().value ?? '');
  compiled.set(text, validate);
  return validate;
}

function answer({ text, value }: Question): Answer {
  try {
    const validate = compile(text);
    if (value === undefined) return { errors: {} };
    return { errors: tellErrors(validate, JSON.parse(value), (errors) => fieldErrorsOf(errors.slice(0, maxTold))) };
  } catch (error) {
    return { reason: `The schema cannot be used: ${(error as Error).message.slice(0, 200)}` };
  }
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)));
parentPort?.postMessage('ready');
