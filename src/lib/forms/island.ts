import type { JsonSchema } from '../schema/json-schema.ts';
import type { Member } from './plan.ts';
import { errorsAt, errorsBelow, type Scope } from './scope.ts';

/** What the editor in the browser is made from (`public/js/forms/island/mount.js`). */
interface Island {
  schema: JsonSchema;
  /** Where the references in it lead to. */
  root: JsonSchema;
  /** Messages by path below the field; '' for the field itself. */
  errors: Record<string, string[]>;
  /** An empty list or map is left out of the value. */
  blank: boolean;
}

/** The island of a field, as JSON text. */
export function islandOf(member: Member, scope: Scope): string {
  const { schema, required, path } = member;
  const own = errorsAt(scope, path);
  const island: Island = {
    schema,
    root: refersElsewhere(schema) ? definitionsOf(scope.root) : {},
    errors: { ...(own.length && { '': own }), ...Object.fromEntries(errorsBelow(scope, path)) },
    blank: !required && schema.default === undefined,
  };
  return JSON.stringify(island);
}

const refersElsewhere = (schema: JsonSchema) => JSON.stringify(schema).includes('"$ref"');

/** Only what references may lead to, as long as they do not lead into the fields themselves. */
function definitionsOf(root: JsonSchema): JsonSchema {
  const { $defs, definitions } = root;
  return JSON.stringify(root).match(/"\$ref":"#\/(?!\$defs\/|definitions\/)/) ? root : { $defs, definitions };
}
