import type { BrowserContextOptions, Page } from 'playwright';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import type { Json } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';
import { expectNoOverflow } from './appearance.ts';
import { announced, dialog, field, follow, messageAt, said, submit } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const [one, two, others] = ['1', '2', '3'].map((digit) => `ghp_${digit.repeat(36)}`) as [string, string, string];
const octocat = { login: 'octocat', scopes: ['repo', 'read:user'] };
const tokens = { [one]: octocat, [two]: octocat, [others]: { login: 'hubot', scopes: ['repo'] } };
const github = await startGithub({ tokens });
const hub = useStage({ env: wiring({ github: github.url }) });
afterAll(() => github.close());

let count = 0;
let connector: Json;
beforeEach(async () => {
  count += 1;
  const auth = { method: 'token', access_token: one };
  const body = { catalog_key: 'github', name: `Code no ${count}`, config: {}, auth };
  connector = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
  const id = await connectionUnder(hub, connector.id);
  await hub.as(hub.cast.ada, 'GET', `/api/connections/${id}/health?refresh=true`);
});

const open = (options?: BrowserContextOptions) => hub.open(hub.cast.ada, `/connectors/${connector.id}`, options);
const panel = (page: Page) => page.locator('#credential');
const token = 'credential.access_token';

describe('Rotate', () => {
  it('tests the new token, uses it, and offers the way back', async () => {
    const page = await open();
    await panel(page).getByRole('link', { name: 'Rotate' }).click();
    await field(page, token).fill(others);
    await expectAccessible(page, 'the dialog');
    await submit(page);
    await soon(() => said(messageAt(page, token))).toContain('credential of hubot');
    expect(await field(page, token).getAttribute('value')).toBeNull();
    await expectAccessible(page, 'the refusal');
    await expectNoOverflow(page, 'the refusal');
    await field(page, token).fill(two);
    await submit(page);
    await soon(() => announced(page)).toEqual([`${connector.name} uses the new credential. It was tested and works.`]);
    await soon(() => said(panel(page))).toContain('The one before can be brought back.');
    expect(await said(panel(page))).toMatch(/Replaced by a new one .*by Ada.*Refused, never used/);
    await expectAccessible(page, 'the panel');
    await expectNoOverflow(page, 'the panel');
    await panel(page).getByRole('button', { name: 'Roll back' }).click();
    await soon(() => said(panel(page))).toContain('Taken back');
    expect(await panel(page).getByRole('button', { name: 'Roll back' }).count()).toBe(0);
  });

  it('works without JavaScript', async () => {
    const page = await open({ javaScriptEnabled: false });
    await follow(panel(page).getByRole('link', { name: 'Rotate' }));
    await field(page, token).fill(others);
    await follow(dialog(page).locator('button.btn.primary'));
    expect(await said(messageAt(page, token))).toContain('credential of hubot');
    await field(page, token).fill(two);
    await follow(dialog(page).locator('button.btn.primary'));
    expect(page.url()).toBe(`${hub.url}/connectors/${connector.id}`);
    await follow(panel(page).getByRole('button', { name: 'Roll back' }));
    expect(await said(panel(page))).toContain('Taken back');
  });

  it('is shown to members, who cannot', async () => {
    const page = await hub.open(hub.cast.ben, `/connectors/${connector.id}`);
    expect(await panel(page).getByRole('button', { name: 'Rotate' }).getAttribute('aria-disabled')).toBe('true');
  });
});
