import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { registerApplication } from '../../src/services/authorizations/oauth-applications.ts';
import { systemCtx } from '../../src/services/system.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { password } from '../support/cast.ts';
import { freePort } from '../support/ports.ts';
import { announced, connectorNamed, dialog, slack, slackToken } from './steps.ts';
import { soon, useStage } from './support.ts';

const githubPort = await freePort();
const githubUrl = `http://127.0.0.1:${githubPort}`;
const hub = useStage({ env: wiring({ github: githubUrl }) });
let github: StandIn;
beforeAll(async () => {
  const { client_id, client_secret } = demo.applications.github;
  const redirect_uris = [`${hub.url}/connections/oauth/callback`];
  github = await startGithub({ port: githubPort, apps: [{ client_id, client_secret, redirect_uris }] });
  const system = systemCtx(hub.hub, hub.cast.ada.tenantId, 'test');
  await registerApplication(system, 'github', { client_id, client_secret, scopes: ['repo', 'read:user'] });
});
afterAll(() => github.close());

const path = (page: Page) => page.url().slice(hub.url.length);

/** The accessible name of what has the focus, as far as these pages go. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    const text = element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent ?? element?.textContent;
    return (text ?? '').replace(/\s+/g, ' ').trim();
  });

/** Steps with a key until something of this name has the focus. */
async function reach(page: Page, name: string | RegExp, key = 'Tab', within = 120) {
  const passed: string[] = [];
  for (let step = 0; step < within; step++) {
    await page.keyboard.press(key);
    const here = await focused(page);
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    passed.push(here);
  }
  throw new Error(`No ${name} within reach; passed ${passed.join(' | ')}`);
}

/** Something visible must show where the focus is. */
async function expectFocusVisible(page: Page) {
  const outline = await page.evaluate(() => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement ?? document.body);
    return { outline: outlineStyle !== 'none' && outlineWidth !== '0px', shadow: boxShadow !== 'none' };
  });
  expect(outline.outline || outline.shadow, await focused(page)).toBe(true);
}

describe('with the keyboard alone', () => {
  it('goes from signing in to a connector that is active', async () => {
    const page = await hub.open(null, '/');
    await page.keyboard.type(hub.cast.ada.email);
    await reach(page, 'Password');
    await page.keyboard.type(password);
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    expect(path(page)).toBe('/catalog');

    await page.keyboard.press('/');
    await page.keyboard.type('slakc');
    await soon(() => page.locator('article.card h2').first().textContent()).toBe('Slack');
    await reach(page, 'Add Slack');
    await expectFocusVisible(page);
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('heading', { name: 'Add Slack' }).waitFor();
    await soon(() => focused(page)).toMatch(/^Name/);

    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('Typed Slack');
    await reach(page, 'OAuth 2.0');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toBe('Bot or user token');
    await reach(page, /^Token/);
    await page.keyboard.type(slackToken);
    await page.keyboard.press('Enter');
    await soon(() => announced(page)).toEqual(['Typed Slack was added. Activate it when it should be used.']);
    await soon(() => dialog(page).count()).toBe(0);
    await soon(() => focused(page)).toBe('Open');

    await reach(page, /^Installed \d/, 'Shift+Tab');
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    expect(path(page)).toBe('/installed');
    await reach(page, 'Activate Typed Slack');
    await page.keyboard.press('Enter');
    await soon(() => announced(page)).toEqual(['Typed Slack is active.']);
    expect((await connectorNamed(hub, hub.cast.ada, 'Typed Slack')).status).toBe('active');
    await soon(() => focused(page)).toBe('Deactivate Typed Slack');
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Keep it active');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Activate Typed Slack');
    expect((await connectorNamed(hub, hub.cast.ada, 'Typed Slack')).status).toBe('inactive');
  });

  it('goes from the catalog over the service’s own page to a tool that ran', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    const follow = () => Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    const skip = async () => {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    };
    await page.keyboard.press('/');
    await page.keyboard.type('github');
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Add GitHub');
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toMatch(/^Name/);
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Open');
    await expectFocusVisible(page);
    await follow();
    await skip();
    await reach(page, 'Connect', 'Tab', 8);
    await follow();
    await soon(() => focused(page)).toBe('Continue to github.com');
    await follow();
    await reach(page, /octocat/);
    await Promise.all([page.waitForURL(`${hub.url}/connectors/*`), page.keyboard.press('Enter')]);
    await soon(() => focused(page)).toMatch(/is connected/);
    await expectFocusVisible(page);
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Activate');
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Try a tool');
    await follow();
    await skip();
    await reach(page, 'Get a user', 'Tab', 5);
    await follow();
    await skip();
    await reach(page, 'Run', 'Tab', 5);
    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toMatch(/^Result Succeeded/);
    hub.complaints.splice(0, hub.complaints.length, ...hub.complaints.filter((each) => !each.includes(githubUrl)));
  });

  it('asks before a delete, leaves by Escape, and undoes', async () => {
    await slack(hub, hub.cast.ada, 'Undone');
    const page = await hub.open(hub.cast.ada, '/installed');
    await reach(page, 'Delete Undone');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await soon(() => focused(page)).toBe('Keep it');
    await page.keyboard.press('Escape');
    await soon(() => dialog(page).count()).toBe(0);
    expect(await focused(page)).toBe('Delete Undone');

    await page.keyboard.press('Enter');
    await soon(() => focused(page)).toBe('Keep it');
    await reach(page, 'Delete');
    await page.keyboard.press('Enter');
    await soon(() => announced(page)).toEqual(['Undone was deleted. You can undo this for ten minutes.']);
    await soon(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
    await reach(page, 'Undo');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Undone' }).waitFor();
  });

  it('goes anywhere by name', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'Found by name');
    const page = await hub.open(hub.cast.ada, '/activity');
    await page.keyboard.press('ControlOrMeta+k');
    await dialog(page).getByRole('searchbox').waitFor();
    await soon(() => focused(page)).toBe('Go to');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    expect(path(page)).toBe('/activity');

    await page.keyboard.press('ControlOrMeta+k');
    await dialog(page).getByRole('searchbox').waitFor();
    await page.keyboard.type('usage');
    await soon(() => dialog(page).getByRole('link').first().textContent()).toBe('Usage');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('Usage');
    await expectFocusVisible(page);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('fuond by name');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/connectors/${id}`);
  });

  it('skips to the content', async () => {
    const page = await hub.open(hub.cast.ada, '/installed');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to content');
    expect(await page.getByRole('link', { name: 'Skip to content' }).isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  });

  it('shows where the focus is, at every stop', async () => {
    await slack(hub, hub.cast.ada, 'Every stop');
    const page = await hub.open(hub.cast.ada, '/installed');
    for (const at of ['/installed', '/connectors/new?catalog_key=slack']) {
      await hub.visit(page, at);
      for (let stop = 0; stop < 25; stop++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement !== document.body)) await expectFocusVisible(page);
      }
    }
  });
});
