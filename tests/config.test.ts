import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('the mail server', () => {
  it('is not there by default', () => {
    expect(readConfig({}).mail).toBeNull();
  });

  it.each(['hub@example.com', 'Patchbay <hub@example.com>', '"Hub, the" <hub@example.com>'])('sends as %s', (from) => {
    const url = 'smtps://hub:secret@mail.example.com:465';
    expect(readConfig({ SMTP_URL: url, SMTP_FROM: from }).mail).toEqual({ url, from });
  });

  it.each([
    [{ SMTP_URL: 'smtp://mail.example.com' }, 'SMTP_URL and SMTP_FROM go together'],
    [{ SMTP_FROM: 'hub@example.com' }, 'SMTP_URL and SMTP_FROM go together'],
    [{ SMTP_URL: 'https://hub:secret@mail.example.com', SMTP_FROM: 'hub@example.com' }, 'SMTP_URL must look like'],
    [{ SMTP_URL: 'smtp://mail.example.com', SMTP_FROM: 'Patchbay' }, 'SMTP_FROM must be an e-mail address'],
    [{ SMTP_URL: 'smtp://mail.example.com', SMTP_FROM: 'a@b\r\nBcc: c@d' }, 'SMTP_FROM must be an e-mail address'],
  ])('is refused as %j, without telling the password', (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
    expect(() => readConfig(env)).not.toThrow('secret');
  });
});
