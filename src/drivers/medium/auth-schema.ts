import { authBy, token } from '../driver.ts';

export const authSchema = authBy(
  token('Integration token', {
    title: 'Integration token',
    description: 'Medium → Settings → Security and apps → Integration tokens, if your account still has one.',
    pattern: '^[0-9a-f]{32,128}$',
    'x-pattern-hint': 'be 32 to 128 digits and letters a to f',
    'x-help-url': 'https://medium.com/me/settings/security',
    'x-warning': 'Medium has given out no new tokens since 1 January 2025. Only tokens made before that work.',
  }),
);
