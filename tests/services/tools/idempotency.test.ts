import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import type { Tx } from '../../../src/db/client.ts';
import { AppError } from '../../../src/errors.ts';
import { mount } from '../../../src/routes/api/mount.ts';
import { operation } from '../../../src/routes/api/operation.ts';
import type { Env } from '../../../src/routes/env.ts';
import { problemFor } from '../../../src/routes/errors.ts';
import { recordAudit } from '../../../src/services/audit.ts';
import { answerOnce } from '../../../src/services/tools/idempotency.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let hub: TestApp;
let ada: Ctx;
beforeAll(async () => {
  hub = await testApp();
  ada = hub.ctx(hub.cast.ada);
});
afterAll(() => hub.close());

const created = { status: 201, body: '{"id":"1"}', contentType: 'application/json' };
const request = (key: string) => ({ route: 'POST /api/things', key, asked: '{"password":"canary"}' });

describe('an answer', () => {
  it('goes out also when the database goes away before it is kept; the work is never done again', async () => {
    let away = false;
    const db: Ctx['hub']['db'] = {
      ...ada.hub.db,
      asTenant: (...args: Parameters<typeof db.asTenant>) =>
        away ? Promise.reject(new AppError('unavailable', 'Away.')) : (ada.hub.db.asTenant(...args) as never),
    };
    const ctx = { ...ada, hub: { ...ada.hub, db } };
    const work = async () => {
      away = true;
      return created;
    };
    expect(await answerOnce(ctx, request('lost'), work)).toEqual({ ...created, replayed: false });
    away = false;
    await expect(answerOnce(ctx, request('lost'), work)).rejects.toMatchObject({ code: 'request_in_flight' });
  });

  it('is kept beside a digest that tells nothing of the body without the hub’s key', async () => {
    await answerOnce(ada, request('digest'), async () => created);
    const rows = await ada.hub.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(sql`select body_hash from idempotency_keys where key = 'digest'`),
    );
    expect(rows[0]?.body_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(rows[0]?.body_hash).not.toBe(createHash('sha256').update(request('digest').asked).digest('hex'));
    expect((await answerOnce(ada, request('digest'), async () => created)).replayed).toBe(true);
  });

  it('is given again for the same address only', async () => {
    const { cast } = hub;
    const invite = async (email: string) =>
      (await hub.as(cast.ada, 'POST', '/api/invitations', { email, role: 'member' })).json();
    const [one, two] = [await invite('one@example.com'), await invite('two@example.com')];
    const renew = ({ id }: { id: string }) =>
      hub.as(cast.ada, 'POST', `/api/invitations/${id}/renewal`, undefined, { 'idempotency-key': 'again' });
    const first = await (await renew(one)).json();
    expect(first.email).toBe('one@example.com');
    const answer = await renew(two); // never the link of somebody else
    expect([answer.status, (await answer.json()).code]).toEqual([422, 'idempotency_key_reused']);
    expect(await (await renew(one)).json()).toEqual(first);
  });

  describe('of work that the database leaves', () => {
    type Step = (tx: Tx) => Promise<unknown>;
    const save: Step = (tx) =>
      recordAudit(tx, ada, { action: 'connector.installed', subject: { type: 'connector', id: null, name: 'Made' } });
    const read: Step = (tx) => tx.execute(sql`select 1`);
    const diskFull: Step = (tx) => tx.execute(sql`do $$ begin raise exception using errcode = '53100'; end $$`);

    /** What a route answers that takes these steps, each in a transaction of its own. */
    async function answered(key: string, ...steps: Step[]) {
      const app = new Hono<Env>();
      app.use(async (c, next) => {
        c.set('ctx', ada);
        c.set('log', ada.log);
        await next();
      });
      app.onError((error, c) => problemFor(c, error));
      const told = { id: 'makeThing', summary: 'Make a thing', tag: 'Audit', role: 'member', audit: null } as const;
      const route = { method: 'post', path: '/api/things', scope: null, input: {}, example: {} } as const;
      const thing = operation({ ...told, ...route, status: 204, response: null }, async () => {
        for (const step of steps) await ada.hub.db.asTenant(ada.tenantId, step);
        return null;
      });
      mount(app, thing);
      const answer = await app.request('/api/things', { method: 'POST', headers: { 'idempotency-key': key } });
      return [answer.status, answer.status === 204 ? null : (await answer.json()).code];
    }

    it('is kept as unknown where a part of it is saved, so that nothing runs twice', async () => {
      expect(await answered('partly', save, diskFull)).toEqual([503, 'outcome_unknown']);
      expect(await answered('partly', save)).toEqual([503, 'outcome_unknown']);
    });

    it('is given back where nothing is', async () => {
      expect(await answered('nothing', read, diskFull)).toEqual([503, 'unavailable']);
      expect(await answered('nothing', save)).toEqual([204, null]);
    });
  });

  it('is not kept when it was refused for its haste', async () => {
    const refused = { status: 429, body: '{}', contentType: 'application/problem+json' };
    await answerOnce(ada, request('haste'), async () => refused);
    expect(await answerOnce(ada, request('haste'), async () => created)).toEqual({ ...created, replayed: false });
  });
});
