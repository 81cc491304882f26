/** An element with a class and a text. */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** How the editor looks: our own classes, no styles in attributes, and every control with its label, help and message. */
export const themeFor = ({ AbstractTheme }) =>
  class PatchbayTheme extends AbstractTheme {
    constructor(editor) {
      super(editor, { disable_theme_rules: true });
      this.options.disable_theme_rules = true;
    }

    getFormInputLabel = labelOf;
    getCheckboxLabel = labelOf;
    getLabelLike = (text, required) => labelOf(text, required, 'span');
    getHeader = headerOf;
    getHiddenLabel = (text) => element('label', 'vh', text);
    getHiddenText = (text) => element('span', 'vh', text);
    visuallyHidden = (part) => part?.classList.add('vh');
    getOptInCheckbox = optIn;
    getDescription = wordsFor;
    getFormInputDescription = wordsFor;
    getErrorMessage = (text) => element('p', 'f-error', text);
    getTabHolder = twoParts;
    getTopTabHolder = twoParts;
    getGridContainer = () => element('div', 'i-grid');
    getGridRow = () => element('div', 'i-cell');
    getGridColumn = () => element('div');
    getIndentedPanel = () => element('div', 'i-body');
    getChildEditorHolder = () => element('div', 'i-row');
    getButtonHolder = () => element('div', 'i-buttons');
    getTextareaInput = () => Object.assign(element('textarea'), { rows: 3, spellcheck: false });
    setSelectOptions = fillSelect;
    getMultiCheckboxHolder = checklist;
    disableLabel() {}
    enableLabel() {}
    disableHeader() {}
    enableHeader() {}

    getButton(text, _icon, title) {
      return Object.assign(element('button', 'btn sm', title ?? text), { type: 'button' });
    }

    setButtonText(button, text, _icon, title) {
      button.textContent = title ?? text;
    }

    /** @param name becomes the control's id */
    getFormControl(label, input, description, _info, name) {
      if (input.type === 'checkbox') return tickBox(label, input, name);
      const box = element('div', 'f');
      if (label) box.append(label);
      if (description) box.append(description);
      box.append(input);
      if (label) label.htmlFor = name;
      input.id = name;
      if (description) describe(input, description, name);
      return box;
    }

    addInputError(input, text) {
      const control = controlOf(input);
      control.closest('details')?.setAttribute('open', '');
      const id = `${control.id}--error`;
      const message = document.getElementById(id) ?? control.closest('.f').appendChild(element('p', 'f-error'));
      Object.assign(message, { id, textContent: text.replace(/\.\.$/, '.') });
      if (control.matches(single)) control.setAttribute('aria-invalid', 'true');
      control.setAttribute('aria-describedby', [...helpOf(control), id].join(' '));
    }

    removeInputError(input) {
      const control = controlOf(input);
      document.getElementById(`${control.id}--error`)?.remove();
      control.removeAttribute('aria-invalid');
      if (helpOf(control).length) control.setAttribute('aria-describedby', helpOf(control).join(' '));
      else control.removeAttribute('aria-describedby');
    }
  };

function labelOf(text, required, tag = 'label') {
  const label = element(tag, 'f-label', text);
  if (!required) return label;
  const star = element('span', 'f-star', ' *');
  star.setAttribute('aria-hidden', 'true');
  label.append(element('span', 'vh', ' (required)'), star);
  return label;
}

/** Help, the way to more of it, and a caution, as the server's fields have them. */
function wordsFor({ about, help, helpUrl, warning }) {
  const words = element('div', 'i-words');
  const line = element('p', 'f-help');
  if (help) line.append(part('help', help), ' ');
  if (/^https?:/i.test(helpUrl)) line.append(moreAbout(about, helpUrl));
  if (line.hasChildNodes()) words.append(line);
  if (warning) words.append(element('p', 'f-warning'));
  words.querySelector('.f-warning')?.append(part('warning', warning));
  return words;
}

const part = (name, text) => {
  const made = element('span', '', text);
  made.dataset.words = name;
  return made;
};

function moreAbout(title, href) {
  const link = Object.assign(element('a', '', 'Learn more'), {
    href,
    target: '_blank',
    rel: 'noopener noreferrer external',
  });
  link.append(element('span', 'vh', `${title ? ` about ${title}` : ''} (opens in a new tab)`));
  return link;
}

/** The control says its help and its caution; the link is found beside it. */
function describe(control, words, name) {
  const ids = [...words.querySelectorAll('[data-words]')].map((part) => {
    part.id = `${name}--${part.dataset.words}`;
    return part.id;
  });
  if (ids.length) control.setAttribute('aria-describedby', ids.join(' '));
}

function headerOf(header) {
  const holder = element('div', 'i-title');
  holder.append(header);
  return holder;
}

function tickBox(label, input, name) {
  label.className = '';
  label.htmlFor = name;
  label.prepend(Object.assign(input, { id: name }));
  return label;
}

const single = 'input, select, textarea';
const helpOf = (control) =>
  ['help', 'warning'].map((part) => `${control.id}--${part}`).filter((id) => document.getElementById(id));

/** A list of tick boxes is told by its frame. */
const controlOf = (input) => (input instanceof Element ? input : Object.values(input)[0].closest('fieldset'));

function optIn(name) {
  const container = element('span');
  const label = element('label', 'vh', name);
  const checkbox = Object.assign(element('input'), { type: 'checkbox' });
  return { label, checkbox, container };
}

function twoParts() {
  const holder = element('div');
  holder.append(element('div'), element('div'));
  return holder;
}

function fillSelect(select, options, titles = [], blank = false, blankText = '') {
  const made = options.map((value, index) => new Option(titles[index] || value, value));
  select.replaceChildren(...(blank ? [new Option(blankText, '_placeholder_')] : []), ...made);
}

let lists = 0;

function checklist(controls, label, description) {
  const frame = Object.assign(element('fieldset', 'f f-checks'), { id: `island-checks-${++lists}` });
  const legend = element('legend');
  legend.append(label?.textContent ?? '');
  if (description) describe(frame, description, frame.id);
  const options = element('div', 'f-options');
  options.append(...Object.values(controls));
  frame.append(legend, ...(description ? [description] : []), options);
  return frame;
}
