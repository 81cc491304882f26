import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeResetLink } from '../../../src/services/people/password-reset.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { password } from '../../support/cast.ts';
import { codeOf, turnOnFactor } from '../../support/second-factor.ts';

let at: TestApp;
beforeEach(async () => {
  at = await testApp();
});
afterEach(() => at.close());

const words = 'three new random words';
const linkFor = async (email: string) =>
  new URL((await makeResetLink(at.hub, email, { ip: null, userAgent: null })).url).pathname;
const use = (path: string, new_password = 'words of a stranger') => at.post(null, path, { new_password });
const change = () =>
  at.post(at.cast.ada, '/settings/account/password', { current_password: password, new_password: words });
/** The cookie of somebody who knows the password and has not shown the second factor yet. */
const halfSignedIn = async () => {
  const answer = await at.post(null, '/signin', { email: at.cast.ada.email, password });
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
};

describe('a new password', () => {
  it('ends the links that could replace it', async () => {
    const link = await linkFor(at.cast.ada.email);
    const others = await linkFor(at.cast.ben.email);
    expect((await change()).status).toBe(303);
    expect((await use(link)).status).toBe(404);
    expect((await use(others)).status).toBe(303);
  });

  it.each([
    ['that the person chose', change],
    ['by a link', async () => use(await linkFor(at.cast.ada.email), words)],
  ])('%s ends sign-ins that the old one began', async (_how, renew) => {
    const { secret } = await turnOnFactor(at, at.cast.ada);
    const cookie = await halfSignedIn();
    expect((await renew()).status).toBe(303);
    expect((await at.post(null, '/signin/code', { code: codeOf(secret, 1) }, { cookie })).status).toBe(401);
  });
});

it('ends sign-ins whose old password was being checked while it was replaced', async () => {
  const link = await linkFor(at.cast.cleo.email);
  const signIn = () => at.as(null, 'POST', '/api/auth/sign-in/email', { email: at.cast.cleo.email, password });
  const replaced = use(link, words);
  const answers = await Promise.all(Array.from({ length: 4 }, signIn)); // checked one after the other, some of them later
  expect((await replaced).status).toBe(303);
  for (const answer of answers) {
    const cookie = answer.headers.getSetCookie().map((each) => each.split(';')[0]);
    expect((await at.as(null, 'GET', '/api/catalog', undefined, { cookie: cookie.join('; ') })).status).toBe(401);
  }
});

it('one link makes only a few hashes a minute: each keeps everybody else who signs in waiting', async () => {
  const link = await linkFor(at.cast.ada.email);
  const statuses = (await Promise.all(Array.from({ length: 30 }, () => use(link)))).map(({ status }) => status);
  expect(statuses.filter((status) => status === 303)).toHaveLength(1);
  expect(statuses.filter((status) => status === 404 || status === 429)).toHaveLength(29);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(20);
});
