import { describe, expect, it } from 'vitest';
import type { Json } from '../support/app.ts';
import {
  announced,
  chooseMethod,
  dialog,
  field,
  isMarked,
  mark,
  messageAt,
  openEdit,
  said,
  slack,
  slackToken,
  submit,
} from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const token = 'auth.~1.access_token';
const signingSecret = 'auth.~1.signing_secret';
const hex = '0123456789abcdef0123456789abcdef';

const asStored = async ({ id }: Json): Promise<Json> =>
  (await hub.as(hub.cast.ada, 'GET', `/api/connectors/${id}`)).json();

const wordpress = async (name: string): Promise<Json> => {
  const auth = { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' };
  const body = { catalog_key: 'wordpress', name, config: { site_url: 'https://blog.example.com' }, auth };
  return (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
};

describe('configuring a connector', () => {
  it('keeps the secret that is left blank', async () => {
    const before = await slack(hub, hub.cast.ada, 'Keeps');
    const page = await hub.open(hub.cast.ada, '/installed');
    await mark(page);
    await openEdit(page, 'Keeps');
    expect(await field(page, token).inputValue()).toBe('');
    await field(page, 'name').fill('Keeps its token');
    await field(page, 'config.default_channel').fill('C024BE91L');
    await submit(page);

    await soon(() => announced(page)).toEqual(['Keeps its token was saved.']);
    await page.getByRole('heading', { name: 'Keeps its token' }).waitFor();
    expect(await isMarked(page)).toBe(true);
    const after = await asStored(before);
    expect(after).toMatchObject({ name: 'Keeps its token', config: { default_channel: 'C024BE91L' } });
    expect(after.auth.access_token).toEqual(before.auth.access_token);
  });

  it('replaces the secret that is typed', async () => {
    const before = await slack(hub, hub.cast.ada, 'Replaces');
    const page = await hub.open(hub.cast.ada, `/connectors/${before.id}/edit`);
    await field(page, token).fill('xoxb-another-token');
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    const after = await asStored(before);
    expect(after.auth.access_token.is_set).toBe(true);
    expect(after.auth.access_token.updated_at > before.auth.access_token.updated_at).toBe(true);
  });

  it('removes an optional secret when asked to, and offers that for no other', async () => {
    const auth = { method: 'token', access_token: slackToken, signing_secret: hex };
    const before = await slack(hub, hub.cast.ada, 'Removes', { auth });
    expect(before.auth.signing_secret.is_set).toBe(true);
    const page = await hub.open(hub.cast.ada, `/connectors/${before.id}/edit`);
    expect(await field(page, `${token}.~clear`).count()).toBe(0);
    await dialog(page).getByLabel('Remove the saved value of Signing secret').check();
    expect(await field(page, `${signingSecret}.~clear`).isChecked()).toBe(true);
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    const after = await asStored(before);
    expect(after.auth.signing_secret.is_set).toBe(false);
    expect(after.auth.access_token).toEqual(before.auth.access_token);
  });

  it('asks for the secret again when it would be sent elsewhere', async () => {
    const before = await wordpress('Moves');
    const page = await hub.open(hub.cast.ada, `/connectors/${before.id}/edit`);
    await field(page, 'config.site_url').fill('https://elsewhere.example.com');
    await submit(page);
    const secret = 'auth.~0.password';
    await messageAt(page, secret).waitFor();
    expect(await said(messageAt(page, secret))).toBe(
      'This change sends the secret to https://elsewhere.example.com. Enter it again to allow that.',
    );
    expect(await field(page, 'config.site_url').inputValue()).toBe('https://elsewhere.example.com');
    expect((await asStored(before)).config.site_url).toBe('https://blog.example.com');

    await field(page, secret).fill('bcde fghi jklm nopq rstu vwxy');
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    expect((await asStored(before)).config.site_url).toBe('https://elsewhere.example.com');
  });

  it('asks for the secrets of another method when that is chosen', async () => {
    const before = await wordpress('Changes method');
    const page = await hub.open(hub.cast.ada, `/connectors/${before.id}/edit`);
    await chooseMethod(page, 'Bearer token');
    await submit(page);
    const secret = 'auth.~2.access_token';
    await messageAt(page, secret).waitFor();
    expect(await said(messageAt(page, secret))).toBe('This field is required.');
    await field(page, secret).fill('not-a-real-bearer-token');
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    expect((await asStored(before)).auth).toMatchObject({ method: 'token', access_token: { is_set: true } });
  });
});

describe('a stale edit', () => {
  it('tells who changed what and when, keeps the input, and overwrites when saved again', async () => {
    const before = await slack(hub, hub.cast.ada, 'Shared');
    const page = await hub.open(hub.cast.ada, `/connectors/${before.id}/edit`);
    await field(page, 'name').fill('Shared by Ada');
    const theirs = { version: before.version, name: 'Shared by Dan', config: { default_channel: 'C024BE91L' } };
    expect((await hub.as(hub.cast.dan, 'PUT', `/api/connectors/${before.id}`, theirs)).status).toBe(200);

    await submit(page);
    const note = dialog(page).getByRole('alert').filter({ hasText: 'Dan' });
    await note.waitFor();
    expect(await said(note)).toMatch(
      /^Dan saved this connector just now, while you were editing\. Changed there: Name, Default channel\./,
    );
    expect(await note.locator('time').getAttribute('datetime')).toMatch(/^\d{4}-/);
    expect(await field(page, 'name').inputValue()).toBe('Shared by Ada');
    expect((await asStored(before)).name).toBe('Shared by Dan');

    await submit(page);
    await soon(() => announced(page)).toEqual(['Shared by Ada was saved.']);
    expect((await asStored(before)).name).toBe('Shared by Ada');
  });
});
