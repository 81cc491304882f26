import { describe, expect, it } from 'vitest';
import {
  announced,
  card,
  chooseMethod,
  connectorNamed,
  dialog,
  field,
  installedCount,
  isMarked,
  mark,
  messageAt,
  openAdd,
  said,
  slackToken,
  submit,
} from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const token = 'auth.~1.access_token';

describe('adding a connector', () => {
  it('fills the form, installs, announces it and counts it, all on the same page', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    const before = Number(await installedCount(page));
    await mark(page);
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Editorial Slack');
    await chooseMethod(page, 'Bot or user token');
    await field(page, token).fill(slackToken);
    await submit(page);

    await soon(() => announced(page)).toEqual(['Editorial Slack was added. Activate it when it should be used.']);
    await soon(() => dialog(page).count()).toBe(0);
    await soon(() => installedCount(page)).toBe(String(before + 1));
    await soon(() => said(card(page, 'Slack'))).toMatch(/\b1 installed\b/);
    expect(await isMarked(page)).toBe(true);
    expect(page.url()).toBe(`${hub.url}/catalog`);

    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Installed' }).click();
    await soon(() => said(card(page, 'Editorial Slack'))).toMatch(/Inactive.*by Ada/);
  });

  it('says what is wrong beside the fields and above them, and keeps what was typed, the secret too', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Support Slack');
    await chooseMethod(page, 'Bot or user token');
    await field(page, token).fill('xapp-a-wrong-token');
    await field(page, 'config.default_channel').fill('#general');
    await submit(page);

    const summary = dialog(page).locator('[data-error-summary]');
    await summary.waitFor();
    expect(await summary.evaluate((element) => element === document.activeElement)).toBe(true);
    const tokenMessage = 'Must be a whole token that starts with xoxb- (bot) or xoxp- (user).';
    const channelMessage = 'Must be a channel ID such as C024BE91L, not the channel’s name.';
    expect(await said(messageAt(page, token))).toBe(tokenMessage);
    expect(await said(messageAt(page, 'config.default_channel'))).toBe(channelMessage);
    expect(await field(page, token).getAttribute('aria-invalid')).toBe('true');
    expect(await summary.getByRole('link').count()).toBe(2);

    expect(await field(page, 'name').inputValue()).toBe('Support Slack');
    expect(await field(page, token).inputValue()).toBe('xapp-a-wrong-token');
    expect(await field(page, 'config.default_channel').inputValue()).toBe('#general');

    await summary.getByRole('link', { name: /channel ID/ }).click();
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('name'));
    expect(focused).toBe('config.default_channel');

    await field(page, 'config.default_channel').fill('C024BE91L');
    await field(page, token).fill(slackToken);
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    expect((await connectorNamed(hub, hub.cast.ada, 'Support Slack')).config.default_channel).toBe('C024BE91L');
  });

  it('says at the name that it is taken, whatever the case', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack');
    await field(page, 'name').fill('SUPPORT slack');
    await chooseMethod(page, 'Bot or user token');
    await field(page, token).fill(slackToken);
    await submit(page);
    await messageAt(page, 'name').waitFor();
    expect(await said(messageAt(page, 'name'))).toMatch(/^This name is taken/);
    expect(await field(page, token).inputValue()).toBe(slackToken);
  });

  it('installs once when the button is pressed twice', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Twice');
    await chooseMethod(page, 'Bot or user token');
    await field(page, token).fill(slackToken);
    const posts: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') posts.push(request.url());
    });
    await dialog(page).locator('button.btn.primary').dblclick();
    await soon(() => announced(page)).toHaveLength(1);
    await page.waitForLoadState('networkidle');
    expect(posts).toHaveLength(1);
    expect(await announced(page)).toHaveLength(1);
    expect(await connectorNamed(hub, hub.cast.ada, 'Twice')).toBeTruthy();
  });

  it('installs once when the same form arrives twice', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack');
    const id = await field(page, 'id').inputValue();
    const { ada } = hub.cast;
    const form = { catalog_key: 'slack', id, name: 'Sent twice', 'auth.method': 'token', [token]: slackToken };
    const answers = await Promise.all([hub.post(ada, '/connectors', form), hub.post(ada, '/connectors', form)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    const { data } = await (await hub.as(ada, 'GET', '/api/installed?q=Sent%20twice')).json();
    expect(data).toHaveLength(1);
  });
});
