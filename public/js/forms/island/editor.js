import { editorSchema } from './dialect.js';
import { extendEditors, translate } from './editors.js';
import { rootPath, serverErrors } from './errors.js';
import { JSONEditor } from './json-editor.js';
import { themeFor } from './theme.js';
import { inward } from './values.js';
import { install } from './workarounds.js';

const choices = {
  theme: 'patchbay',
  form_name_root: rootPath,
  show_errors: 'always',
  disable_collapse: true,
  disable_edit_json: true,
  disable_properties: true,
  disable_array_delete_all_rows: true,
  disable_array_delete_last_row: true,
  prompt_before_delete: false,
  enforce_const: true,
  keep_oneof_values: false,
  use_name_attributes: false,
  button_state_mode: 2,
  translate,
};

let prepared = false;

/** Makes the library ours, once a page. */
function prepare(without) {
  if (prepared) return;
  prepared = true;
  JSONEditor.defaults.themes.patchbay = themeFor(JSONEditor);
  install(JSONEditor, without);
  extendEditors(JSONEditor);
}

/**
 * The library's editor for a node; it is usable when its `promise` is fulfilled.
 * @param without defects to leave in place, for the tests
 */
export function editorOn(holder, node, value, errors, without) {
  prepare(without);
  return new JSONEditor(holder, {
    ...choices,
    schema: editorSchema(node),
    ...(value !== undefined && { startval: inward(node, value) }),
    serverErrors: serverErrors(errors, node),
  });
}
