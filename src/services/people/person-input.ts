import { maxPasswordLength, minPasswordLength } from './identity-library.ts';

/** The text without what people do not see at its ends; '' for anything that is no text. */
export const cleaned = (value: unknown) => (typeof value === 'string' ? value.normalize('NFC').trim() : '');

/** What is wrong with a name, or null; `what` completes “Enter …”. */
export const nameProblem = (name: string, what: string): string | null =>
  name ? lineProblem(name, 255) : `Enter ${what}.`;

/** What is wrong with a line of text that people will read, or null. */
export function lineProblem(text: string, most: number): string | null {
  if (text.length > most) return `Use at most ${most} characters; these are ${text.length}.`;
  if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(text) || !text.isWellFormed())
    return 'Use letters, digits and punctuation only; there is an invisible control character in this.';
  return null;
}

/** What the identity library accepts at sign-in: nobody should get an account that they cannot sign in to. */
const emailShape = /^(?![.])(?!.*[.]{2})[a-z0-9_'+.-]*[a-z0-9_+-]@(?:[a-z0-9][a-z0-9-]*[.])+[a-z]{2,}$/;

/** What is wrong with an e-mail address in lower case, or null. */
export function emailProblem(email: string): string | null {
  if (!email) return 'Enter an e-mail address.';
  if (email.length > 255) return 'Use an e-mail address of at most 255 characters.';
  return emailShape.test(email) ? null : 'Enter a full e-mail address, such as ada@example.com.';
}

/** What is wrong with a new password, or null. */
export function passwordProblem(password: string): string | null {
  if (!password) return 'Enter a password.';
  if (password.length < minPasswordLength) return `Use at least ${minPasswordLength} characters.`;
  if (password.length > maxPasswordLength) return `Use at most ${maxPasswordLength} characters.`;
  return password.includes('\0') ? 'Use characters that can be typed.' : null;
}
