import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

const id = '01a2014f-52ff-74a0-9f6c-6903d4b3a8bf';

it.each([
  ['/settings', '/settings/members'],
  ['/connectors', '/installed'],
  ['/features/connectors/activity', '/activity'],
  ['/features/connectors/installed/', '/installed'],
  [`/features/connectors/${id}`, `/connectors/${id}`],
  ['/features/connectors', '/catalog'],
  ['/features/connectors/%2F%2Felsewhere.example', '/catalog'],
])('%s leads to %s', async (from, to) => {
  const answer = await at.as(at.cast.ada, 'GET', from);
  expect([answer.status, answer.headers.get('location')]).toEqual([303, to]);
});
