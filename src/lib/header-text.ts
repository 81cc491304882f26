/** What the value of an HTTP header can carry (RFC 9110, section 5.5): one line of characters that fit into a byte. */
export const headerPattern = '^[\\t\\x20-\\x7e\\x80-\\xff]*$';

const fitting = new RegExp(headerPattern);

export const fitsHeader = (text: string): boolean => fitting.test(text);

/** Says of a text that does not what is wrong with it, after its name. */
export const unfitForHeader =
  'has a character that no HTTP header can carry, such as a line break or a typographic quote';
