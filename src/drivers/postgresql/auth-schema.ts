import { authBy, secret, variant } from '../driver.ts';

const username = {
  type: 'string',
  title: 'User',
  description: 'A role of its own for the hub, with the least rights that do: no superuser.',
  minLength: 1,
  maxLength: 63,
  pattern: '^[^\\u0000-\\u001f]+$',
  'x-pattern-hint': 'have no control characters',
  'x-placeholder': 'patchbay_reader',
};

export const authSchema = authBy(
  variant(
    'basic',
    'User and password',
    {
      username,
      password: secret({ title: 'Password', maxLength: 1024 }),
    },
    ['username', 'password'],
  ),
  variant('none', 'User without password', { username }, ['username'], {
    description: 'For servers that ask for a client certificate (set it under TLS) or trust the hub’s address.',
  }),
);
