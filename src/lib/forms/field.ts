/** What every kind of field has. Texts are plain; templates escape them. An absent text is ''. */
export interface FieldBase {
  /** Of the control itself, so that labels and error links reach it. */
  id: string;
  /** The control's name in the form; fields of a variant carry its number, e.g. `auth.~1.client_id`. */
  name: string;
  /** The dotted path that errors use, e.g. `auth.client_id`. */
  path: string;
  label: string;
  required: boolean;
  help: string;
  helpUrl: string;
  warning: string;
  errors: string[];
  /** For aria-describedby: the ids of help, warning and error that are there. */
  describedBy: string;
  /** Blocks that show only while this field has a certain value. */
  dependents: Block[];
  /** Short enough to stand beside its neighbour on wide screens. */
  half: boolean;
}

/** Fields that one choice reveals: shown while a checked control's `shows` (or an unchecked one's `hides`) has its token. */
export interface Block {
  token: string;
  help: string;
  fields: Field[];
}

export interface Option {
  id: string;
  value: string;
  label: string;
  chosen: boolean;
  /** Space-separated tokens of the blocks that this choice reveals. */
  shows: string;
}

interface TextField extends FieldBase {
  kind: 'text';
  type: 'text' | 'url' | 'email' | 'date' | 'datetime-local';
  value: string;
  placeholder: string;
}

/** A secret that may be stored already; it is never in the page. */
interface SecretState {
  saved: boolean;
  /** Name of the checkbox that removes what is stored; '' where that is not possible. */
  clearName: string;
  clearChosen: boolean;
}

interface PasswordField extends FieldBase, SecretState {
  kind: 'password';
  placeholder: string;
}

interface TextareaField extends FieldBase, SecretState {
  kind: 'textarea';
  secret: boolean;
  value: string;
  placeholder: string;
  rows: number;
}

/** A text control for numbers: what was typed survives even when it is no number. */
interface NumberField extends FieldBase {
  kind: 'number';
  value: string;
  placeholder: string;
  inputMode: 'numeric' | 'decimal';
}

interface CheckboxField extends FieldBase {
  kind: 'checkbox';
  checked: boolean;
  shows: string;
  /** Tokens of the blocks that show while it is not ticked. */
  hides: string;
}

interface SelectField extends FieldBase {
  kind: 'select';
  options: Option[];
}

/** One of several forms, picked by a row of radio buttons. */
interface OneOfField extends FieldBase {
  kind: 'one-of';
  options: Option[];
  variants: Block[];
}

interface ChecklistField extends FieldBase {
  kind: 'checklist';
  options: Option[];
}

/** A text area with one entry of the list on each line. */
interface LinesField extends FieldBase {
  kind: 'lines';
  value: string;
  placeholder: string;
  rows: number;
}

export interface GroupField extends FieldBase {
  kind: 'group';
  fields: Field[];
  /** Folds away; `open` says whether it starts unfolded. */
  folds: boolean;
  open: boolean;
}

/** What single controls cannot express, as JSON text. */
interface JsonField extends FieldBase {
  kind: 'json';
  /** How to write it; of no use while there is an editor. */
  hint: string;
  /** For the editor that scripts put over the text area: JSON of an `Island`. */
  island: string;
  value: string;
  placeholder: string;
  rows: number;
}

/** Read-only, with a copy button; not part of what is submitted. */
interface ComputedField extends FieldBase {
  kind: 'computed';
  value: string;
}

interface HiddenField extends FieldBase {
  kind: 'hidden';
  value: string;
}

export type Field =
  | TextField
  | PasswordField
  | TextareaField
  | NumberField
  | CheckboxField
  | SelectField
  | OneOfField
  | ChecklistField
  | LinesField
  | GroupField
  | JsonField
  | ComputedField
  | HiddenField;

export type FieldKind = Field['kind'];
