// Every defect of @json-editor/json-editor 2.17.2 that touches us, and what we do about it. A test in
// tests/lib/forms/island-defects.browser.test.ts names each of them and fails without its entry here.
// `patch` changes the library once; `mend` changes each schema that is given to it.

const workarounds = {
  // What is typed goes through an element's innerHTML and loses everything that looks like markup, in passwords too.
  a: { patch: ({ AbstractEditor }) => Object.assign(AbstractEditor.prototype, { purify: (value) => value }) },

  // Titles and texts are cleaned by parsing them as HTML, which runs handlers in them where no policy forbids it.
  b: {
    patch: ({ AbstractEditor, AbstractTheme }) => {
      const cleanText = (text) => String(text ?? '');
      for (const type of [AbstractEditor, AbstractTheme]) Object.assign(type.prototype, { cleanText });
    },
  },

  // The constant that tells variants apart is an input like any other, for people to change.
  c: {
    mend: (schema) =>
      schema.const === undefined
        ? schema
        : { ...schema, enum: [schema.const], default: schema.const, options: { ...schema.options, hidden: true } },
  },

  // Secrets are shown as they are typed.
  d: {
    mend: (schema, { schema: { 'x-secret': secret, writeOnly } = {} }) => {
      if (!(secret ?? writeOnly) || schema.format === 'textarea') return schema;
      const inputAttributes = { ...schema.options.inputAttributes, autocomplete: 'new-password' };
      return { ...schema, format: 'password', options: { ...schema.options, inputAttributes } };
    },
  },

  // What was never chosen gets a value: the first of a list, or 0.
  e: { patch: leaveBlank, mend: withBlankChoice },

  // A variant is chosen by validating the value against all of them: one that is not complete yet ends up in the first, and
  // loses its data.
  f: { patch: chooseByConstant },

  // Setting a value takes away the inputs of all optional fields that it lacks.
  g: {
    patch: ({ defaults: { editors } }) => {
      editors.object.prototype.removeObjectProperty = function (key) {
        this.editors[key]?.setValue(this.editors[key].getDefault(), true);
      };
    },
  },

  // Fields of the same name in several variants share one id, so that a label leads to a hidden input.
  h: { patch: giveOwnIds },

  // Its own validator knows older drafts only and talks about objects and schemas; the server's messages are shown instead.
  i: { patch: showServerErrors },

  // The order of fields goes by another keyword.
  j: {
    mend: (schema, { schema: { 'x-order': order } = {} }) =>
      order === undefined ? schema : { ...schema, propertyOrder: order },
  },

  // A condition on a field that was left at its default never holds.
  k: { patch: knowDefaults },
};

let active = [];

/**
 * Changes the library; once a page, before the first editor is made.
 * @param without names of defects to leave in place, for the tests
 */
export function install(JSONEditor, without = []) {
  active = Object.entries(workarounds)
    .filter(([defect]) => !without.includes(defect))
    .map(([, workaround]) => workaround);
  for (const { patch } of active) patch?.(JSONEditor);
}

/** The editor's schema for a node, made good. */
export const mend = (schema, node) => active.reduce((at, workaround) => workaround.mend?.(at, node) ?? at, schema);

function leaveBlank({ AbstractEditor, defaults: { editors } }) {
  AbstractEditor.prototype.getDefault = function () {
    if (this.schema.const !== undefined) return this.schema.const;
    return { object: {}, array: [] }[this.schema.type];
  };
  const { onInputChange } = editors.select.prototype;
  editors.select.prototype.onInputChange = function () {
    if (this.input.value !== blank) return onInputChange.call(this);
    this.value = undefined;
    this.onChange(true);
  };
}

const blank = '_placeholder_';

function withBlankChoice(schema) {
  if (!schema.enum || schema.const !== undefined) return schema;
  return { ...schema, options: { ...schema.options, has_placeholder_option: true } };
}

function chooseByConstant({ defaults: { editors } }) {
  editors.multiple.prototype.setValue = function (value, initial) {
    const index = value === undefined ? 0 : this.types.findIndex((type) => isOf(type, value));
    const chosen = index < 0 ? this.type : index;
    if (chosen !== this.type) this.switchEditor(chosen);
    this.switcher.value = this.display_text[chosen];
    this.editors[chosen].setValue(value, initial);
    this.refreshValue();
    this.onChange(true);
  };
}

/** A variant without constants stands for none: it is the one of a value that says nothing. */
function isOf({ properties }, value) {
  const constants = Object.entries(properties ?? {}).filter(([, { const: expected }]) => expected !== undefined);
  if (!constants.length) return !Object.keys(value ?? {}).length;
  return constants.every(([key, { const: expected }]) => value?.[key] === expected);
}

function knowDefaults({ AbstractEditor }) {
  AbstractEditor.prototype.checkDependency = function (path, choices) {
    const control = this.jsoneditor?.getEditor(path);
    const value = control?.getValue() ?? control?.options.byDefault;
    this.dependenciesFulfilled &&= control?.dependenciesFulfilled === true && choices.includes(value);
  };
}

let ids = 0;

function giveOwnIds({ defaults: { themes } }) {
  const { getFormControl } = themes.patchbay.prototype;
  themes.patchbay.prototype.getFormControl = function (label, input, description, info) {
    return getFormControl.call(this, label, input, description, info, `island-${++ids}`);
  };
}

/** What each editor shows are the messages in `serverErrors` (a function on it) as long as there is one. */
function showServerErrors({ defaults: { editors }, prototype }) {
  Object.defineProperty(prototype, 'validator', {
    get() {
      return { validate: () => this.options?.serverErrors?.(this) ?? [] };
    },
    set() {},
  });
  editors.multiple.prototype.showValidationErrors = function (errors) {
    this.editors[this.type]?.showValidationErrors(errors);
  };
}
