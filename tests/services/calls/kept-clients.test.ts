import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import { callOpened } from '../../../src/services/calls/calls.ts';
import { keptAs, releaseKept } from '../../../src/services/calls/kept-clients.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

it('keeps clients of connectors of one id apart by workspace, and releases those that were kept', async () => {
  const id = crypto.randomUUID();
  const driver = at.hub.drivers.get('postgresql');
  if (!driver) throw new Error('There is no such driver.');
  const target = { driver, config: {}, auth: {}, destinations: { allows: () => true, all: [] }, connectorId: id };
  const nameFor = async (ctx: Ctx) =>
    (await callOpened(ctx, target as never, { sideEffect: 'none' }, async (context) => context.connectorId)).value;

  const [ours, theirs] = [await nameFor(at.ctx(at.cast.ada)), await nameFor(at.ctx(at.cast.cleo))];
  expect(ours).not.toBe(theirs);
  expect(ours).toBe(keptAs(at.ctx(at.cast.ada), id));

  const released: (string | undefined)[] = [];
  const watched = { ...driver, release: async (name?: string) => void released.push(name) };
  const ctx = at.ctx(at.cast.ada);
  const hub = { ...ctx.hub, drivers: new Map([['postgresql', watched]]) };
  await releaseKept({ ...ctx, hub }, { id, catalog: { key: 'postgresql' } } as never);
  expect(released).toEqual([ours]);
});
