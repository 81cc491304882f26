import { element } from './theme.js';

// What the library's editors for lists and groups do beyond the library: names for groups and buttons, and where the focus goes.

const words = {
  button_add_row_title: ([title]) => `Add ${lower(title)}`,
  button_delete_row_title: () => 'Remove',
  button_move_up_title: () => 'Move up',
  button_move_down_title: () => 'Move down',
};

const lower = (text) => (/^\p{Lu}\p{Ll}/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

/** The few words of the library that are ever seen. */
export const translate = (key, values = []) => words[key]?.(values) ?? key;

let groups = 0;

/** A frame that is named by its title; the outermost one is named by the form already. */
function nameGroup(editor) {
  if (!editor.parent) {
    editor.title.hidden = true;
    return;
  }
  editor.header.id = `island-group-${++groups}`;
  editor.container.setAttribute('role', 'group');
  editor.container.setAttribute('aria-labelledby', editor.header.id);
}

export const extendEditors = ({ defaults: { editors } }) => {
  editors.object = objectFrom(editors.object);
  editors.array = arrayFrom(editors.array);
  editors.multiple = choiceFrom(editors.multiple);
};

const objectFrom = (ObjectEditor) =>
  class extends ObjectEditor {
    build() {
      super.build();
      this.controls.remove();
      this.collapse_control.remove();
      nameGroup(this);
      this.container.classList.add('i-object');
    }

    layoutEditors() {
      super.layoutEditors();
      if (this.row_container) gather(this);
    }

    setValue(value, initial) {
      super.setValue(value, initial);
      for (const [key, editor] of Object.entries(this.editors))
        if (editor.options.group === folding && value?.[key] !== undefined)
          editor.container.closest('details')?.setAttribute('open', '');
    }
  };

const folding = 'Advanced';

/** Fields that share a heading stand below it, after those without one; "Advanced" comes last and folds away. */
function gather({ editors, property_order: order, row_container: place }) {
  const cells = order.map((key) => [editors[key].options.group, editors[key].container.parentElement]);
  const headings = [...new Set(cells.map(([heading]) => heading))].filter(Boolean);
  for (const heading of headings.sort((one, other) => (one === folding) - (other === folding))) {
    const grid = element('div', 'i-cells');
    grid.append(...cells.filter(([group]) => group === heading).map(([, cell]) => cell));
    place.firstChild.append(heading === folding ? foldOf(grid) : groupOf(heading, grid));
  }
}

function foldOf(grid) {
  const fold = element('details', 'i-fold');
  fold.append(element('summary', '', folding), grid);
  return fold;
}

function groupOf(heading, grid) {
  const title = Object.assign(element('p', 'i-title', heading), { id: `island-group-${++groups}` });
  const group = element('div', 'i-group');
  group.setAttribute('role', 'group');
  group.setAttribute('aria-labelledby', title.id);
  group.append(title, grid);
  return group;
}

const choiceFrom = (MultipleEditor) =>
  class extends MultipleEditor {
    build() {
      super.build();
      this.switcher.id = `island-choice-${++groups}`;
      this.switcherLabel.htmlFor = this.switcher.id;
      this.switcherLabel.textContent = `Kind of ${lower(this.getTitle())}`;
      this.container.classList.add('i-choice');
    }
  };

const arrayFrom = (ArrayEditor) =>
  class extends ArrayEditor {
    build() {
      super.build();
      nameGroup(this);
      this.container.classList.add('i-list');
    }

    addControls() {
      super.addControls();
      for (const unused of [this.toggle_button, this.delete_last_row_button, this.remove_all_rows_button])
        unused.remove();
    }

    addRow(value, initial) {
      const row = super.addRow(value, initial);
      const which = lower(`${this.getItemTitle()} ${this.rows.length}`);
      for (const button of [row.delete_button, row.moveup_button, row.movedown_button])
        button?.setAttribute('aria-label', `${button.textContent}: ${which}`);
      if (row.title && row.array_controls) row.title.append(row.array_controls);
      return row;
    }

    _createAddRowButton() {
      return then(super._createAddRowButton(), () => focusIn(this.rows.at(-1)));
    }

    _createDeleteButton(index, holder) {
      return then(super._createDeleteButton(index, holder), () =>
        (this.rows[index] ?? this.rows.at(-1) ?? { delete_button: this.add_row_button }).delete_button.focus(),
      );
    }

    _createMoveUpButton(index, holder) {
      return then(super._createMoveUpButton(index, holder), () => focusMove(this.rows[index - 1], 'up'));
    }

    _createMoveDownButton(index, holder) {
      return then(super._createMoveDownButton(index, holder), () => focusMove(this.rows[index + 1], 'down'));
    }
  };

/** What happens after the library's own listener of the button. */
function then(button, step) {
  button.addEventListener('click', step);
  return button;
}

const focusIn = (row) => row?.container.querySelector('input, select, textarea')?.focus();

/** The way it came as long as there is a way to go. */
function focusMove(row, way) {
  const [first, second] =
    way === 'up' ? [row.moveup_button, row.movedown_button] : [row.movedown_button, row.moveup_button];
  (first && !first.disabled ? first : second)?.focus();
}
