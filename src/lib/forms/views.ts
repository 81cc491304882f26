import type { Block, Field, FieldKind } from './field.ts';
import type { ErrorSummary } from './summary.ts';

/** Draws an icon of the sprite as markup. */
type Icon = (name: string) => string;

type KindViews = { [Kind in FieldKind as `forms/_${Kind}`]: { field: Extract<Field, { kind: Kind }>; icon: Icon } };

/** What each template of `views/forms/` takes. */
export interface FormViews extends KindViews {
  'forms/_fields': { fields: Field[]; icon: Icon };
  'forms/_block': { block: Block; icon: Icon };
  'forms/_error-summary': { summary: ErrorSummary; icon: Icon };
  'forms/_head': { field: Field; icon: Icon };
  'forms/_hints': { field: Field; icon: Icon };
  'forms/_title': { field: Field };
  'forms/_errors': { field: Field };
  'forms/_aria': { field: Field };
  'forms/_saved': { icon: Icon };
  'forms/_clear': { field: Extract<Field, { kind: 'password' | 'textarea' }> };
}
