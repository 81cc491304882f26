import type { Page } from 'playwright';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { expectNoOverflow } from './appearance.ts';
import { said } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);

const github = await startGithub();
const hub = useStage({ env: wiring({ github: github.url }) });
afterAll(() => github.close());
beforeEach(() => github.control.reset());

let count = 0;
async function install(): Promise<{ id: string; name: string }> {
  count += 1;
  const auth = { method: 'token', access_token: octocat };
  const body = { catalog_key: 'github', name: `Code no ${count}`, config: {}, auth };
  const connector = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
  await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${connector.id}/status`, { status: 'active' });
  return connector;
}
const check = (id: string) => hub.as(hub.cast.ada, 'POST', `/api/connectors/${id}/test`);
const card = (page: Page, name: string) => page.getByRole('article', { name });

describe('the first check', () => {
  it('appears on the page of the connector by itself', async () => {
    const { id } = await install();
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    expect(await said(page.locator('#detail'))).toContain('Not checked yet');
    await check(id);
    await soon(() => said(page.locator('#detail'))).toMatch(/Healthy/);
    expect(await page.locator('#detail').getAttribute('hx-trigger')).toBe('connectors-changed from:document');
  });
});

describe('the card', () => {
  it('tells account and health, and offers what mends it first', async () => {
    const [well, broken] = [await install(), await install()];
    await check(well.id);
    await check(broken.id);
    const page = await hub.open(hub.cast.ada, '/installed');
    expect(await said(card(page, well.name))).toMatch(/Healthy.*Signed in as octocat · [\d,]+ of [\d,]+ left/);
    await expectAccessible(page, 'cards with health');
    await hub.visit(page, `/connectors/${well.id}`);
    expect(await said(page.locator('.trail').last())).toMatch(
      /noticed a change in the health of octocat\s*unknown → healthy/,
    );
    await github.control.revoke({ token: octocat });
    await check(broken.id);
    await hub.visit(page, '/installed');
    expect(await page.getByRole('article').first().getAttribute('aria-labelledby')).toContain(broken.id);
    expect(await said(card(page, broken.name))).toMatch(
      /Needs attention.*does not accept the token.*Authorisation expired/,
    );
    await card(page, broken.name)
      .getByRole('link', { name: `Configure ${broken.name}` })
      .click();
    await soon(() => page.getByRole('dialog').count()).toBe(1);
  });

  it('is checked again by its button when the service fails', async () => {
    const { id, name } = await install();
    await github.control.fault('status', { status: 500 });
    for (let i = 0; i < 3; i++) await check(id);
    await github.control.clearFaults();
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(`update connections set health_checked_at = now() - interval '1 minute'`),
    );
    const page = await hub.open(hub.cast.ada, '/installed');
    expect(await said(card(page, name))).toContain('Unhealthy');
    await card(page, name)
      .getByRole('button', { name: `Check now ${name}` })
      .click();
    await soon(() => said(card(page, name))).toContain('Healthy');
  });
});

describe('a connector’s page', () => {
  it('has each connection with health, limit and use, to be switched and disconnected', async () => {
    const { id } = await install();
    await check(id);
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    const panel = page.locator('#health');
    expect(await said(panel)).toMatch(
      /octocat.*Healthy.*Rate limit\s*[\d,]+ of [\d,]+ left, resets \d\d:\d\d\s*Last used\s*never/,
    );
    await expectAccessible(page, 'the health of a connector');
    await panel.getByRole('button', { name: 'Switch off' }).click();
    await soon(() => said(panel)).toContain('Switched off');
    await panel.getByRole('button', { name: 'Switch on' }).click();
    await soon(() => said(panel)).toContain('Healthy');
    await panel.getByRole('link', { name: 'Disconnect' }).click();
    expect(await said(page.getByRole('dialog'))).toContain('Nothing has used it in the last 30 days.');
    await expectAccessible(page, 'the question before disconnecting');
    await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
    await soon(() => page.locator('#health').count()).toBe(0);
    expect(page.url()).toBe(`${hub.url}/connectors/${id}`);
    await hub.visit(page, '/activity');
    await soon(() => said(page.locator('main'))).toContain('disconnected');
  });

  it('works without JavaScript, and lets members look only', async () => {
    const { id } = await install();
    await check(id);
    const page = await hub.open(hub.cast.ben, `/connectors/${id}`, { javaScriptEnabled: false });
    const panel = page.locator('#health');
    expect([await panel.getByRole('button').count(), await panel.getByRole('link').count()]).toEqual([1, 0]);
    await panel.getByRole('button', { name: 'Check now' }).click();
    expect(page.url()).toBe(`${hub.url}/connectors/${id}`);
    expect(await said(page.locator('#health'))).toContain('Healthy');
  });
});

const isInSight = (selector: string) => {
  const { left, top } = document.querySelector(selector)?.getBoundingClientRect() ?? { left: -1, top: -1 };
  return Boolean(document.elementFromPoint(left + 9, top + 9)?.closest(selector));
};

describe('“Test connection”', () => {
  it('shows each step, leads to the field to mend, and saves nothing', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=github');
    const dialog = page.getByRole('dialog');
    await page.setViewportSize({ width: 1280, height: 600 });
    await dialog.locator('[name="auth.method"][value="token"]').check({ force: true });
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await soon(() => dialog.locator('.f-error').allTextContents()).toEqual(['This field is required.']);
    await dialog.locator('[name="auth.~1.access_token"]').fill('ghp_nobodysTokenAtAll00000000000000000000');
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    const report = page.locator('#check-report');
    // What was wrong before is answered, and nobody has to look for the answer.
    await soon(() => dialog.locator('.f-error, [data-error-summary], [aria-invalid]').count()).toBe(0);
    await soon(() => page.evaluate(isInSight, '#check-report section')).toBe(true);
    await soon(() => said(report)).toMatch(
      /The test failed.*Authentication\s*Failed.*Go to the field.*Permission\s*Skipped/,
    );
    await expectAccessible(page, 'the report of a test');
    await report.getByRole('link', { name: 'Go to the field' }).click();
    await soon(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('password');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(octocat);
    await dialog.getByRole('button', { name: 'Test connection' }).press('Enter');
    await soon(() => said(report)).toMatch(/It works\. Signed in as octocat.*Authentication\s*Passed/);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoOverflow(page, 'the report of a test');
    expect((await page.content()).includes(octocat)).toBe(false);
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/installed?q=GitHub&limit=200')).json();
    expect(data.every(({ name }: { name: string }) => name.startsWith('Code no'))).toBe(true);
  });
});
