import { afterAll, expect, it } from 'vitest';
import { mailServer } from '../support/smtp.ts';
import { expectAccessible, useStage } from './support.ts';

const mail = await mailServer();
const stage = useStage({ env: { SMTP_URL: mail.url, SMTP_FROM: 'Patchbay <hub@example.com>' } });
afterAll(() => mail.close());

it('an invitation is sent, and sent again, by keyboard, with and without JavaScript, also on a phone', async () => {
  for (const [javaScriptEnabled, width] of [
    [true, 1280],
    [false, 390],
  ] as const) {
    const viewport = { width, height: 900 };
    const page = await stage.open(stage.cast.ada, '/settings/members', { javaScriptEnabled, viewport });
    const guest = `guest${width}@example.com`;
    await page.getByLabel('E-mail address').fill(guest);
    await page.keyboard.press('Enter');
    await page.getByText(`The link is on its way to ${guest}.`).waitFor();
    const first = await page.getByLabel('invitation link', { exact: true }).inputValue();
    await page.getByRole('button', { name: `Send again for ${guest}` }).press('Enter');
    await expect.poll(() => page.getByLabel('invitation link', { exact: true }).inputValue()).not.toBe(first);
    const second = await page.getByLabel('invitation link', { exact: true }).inputValue();
    expect(mail.received.filter(({ to }) => to[0] === guest).map(({ text }) => text)).toEqual([
      expect.stringContaining(first),
      expect.stringContaining(second),
    ]);
    await page.getByLabel('E-mail address').fill(`refused@${width}.example.com`);
    await page.keyboard.press('Enter');
    await page.getByText('The mail server did not take the e-mail').waitFor();
    if (!javaScriptEnabled) continue; // axe is a script
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `an invitation that was not sent, ${colorScheme}`);
    }
  }
});
