import type { Tool, Values } from '../../drivers/driver.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import { createForeignSchemas, ForeignSchemaError } from '../../lib/schema/foreign.ts';
import { isTooMuch, ofArguments, unstorableTexts } from '../../lib/schema/limits.ts';
import { defaultsOf } from '../../lib/schema/walk.ts';

const prefix = 'arguments';

/** Schemas that others wrote are judged beside the main thread, by one worker for all calls. Busy machines take their time. */
const foreignSchemas = createForeignSchemas({ deadlineMs: 5_000 });

/**
 * The arguments, with the defaults of what is missing where the schema is ours.
 * @param found what was wrong with them already when they were read
 * @throws AppError invalid_input with `arguments.…`
 */
export async function checkArguments(tool: Tool, given: Values, found: FieldErrors = {}): Promise<Values> {
  const values = tool.foreign ? given : { ...defaultsOf(tool.input), ...given };
  const errors = tool.foreign ? await foreignErrors(tool, values) : ownErrors(tool, values);
  if (Object.keys(errors).length || Object.keys(found).length) throw invalid({ ...errors, ...found });
  return values;
}

const ownErrors = ({ input }: Tool, values: Values) => compileSchema(input, { prefix, limit: ofArguments })(values);

async function foreignErrors({ input }: Tool, values: Values): Promise<FieldErrors> {
  if (isTooMuch(values, ofArguments)) return { [prefix]: [ofArguments.told] };
  try {
    const errors = await foreignSchemas.validate(JSON.stringify(input), values);
    for (const path of unstorableTexts(values)) errors[path.join('.')] = ['Use characters that can be typed.'];
    return Object.fromEntries(
      Object.entries(errors).map(([path, told]) => [path ? `${prefix}.${path}` : prefix, told]),
    );
  } catch (error) {
    if (!(error instanceof ForeignSchemaError)) throw error;
    return { [prefix]: [`These arguments could not be checked. ${error.message}`] };
  }
}
