import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type OauthStage, oauthService, oauthStage, toCallback } from '../../support/oauth.ts';
import { textOf } from '../../support/sso-visitor.ts';

let hub: OauthStage;
beforeAll(async () => {
  hub = await oauthStage([oauthService('id')]);
});
afterAll(() => hub.close());

async function link() {
  const id = await hub.connector();
  const body = { connector_id: id, label: 'Robin at Contoso' };
  const answer = await hub.as(hub.cast.dan, 'POST', '/api/connections/links', body);
  expect(answer.status).toBe(201);
  return { id, ...((await answer.json()) as { url: string; connection_request_id: string; expires_at: string }) };
}

describe('a connect link', () => {
  it('lets somebody without an account connect one account for the workspace', async () => {
    const { id, url, connection_request_id } = await link();
    const guest = hub.browser(null);
    const page = await guest.send(url);
    expect(await textOf(page)).toMatch(/Dan asks you, Robin at Contoso, to connect your account .* to Northwind/);
    const done = await connect(guest, url, 'robin');
    expect([done.status, await textOf(done)]).toEqual([200, expect.stringContaining('robin')]);
    expect(await hub.connections(id)).toMatchObject([
      { user_id: null, account_label: 'robin', created_by_name: 'Robin at Contoso (connect link)', created_by: null },
    ]);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'succeeded' });
    const audit = await (await hub.as(hub.cast.ada, 'GET', '/api/audit?action=connection.created')).json();
    expect(audit.data[0]).toMatchObject({ actor: { name: 'Robin at Contoso (connect link)' } });
  });

  it('works once', async () => {
    const { id, url } = await link();
    expect((await connect(hub.browser(null), url)).status).toBe(200);
    for (const answer of [await hub.browser(null).send(url), await hub.browser(null).send(url, { form: {} })])
      expect([answer.status, await textOf(answer)]).toEqual([409, expect.stringContaining('It works once')]);
    expect(await hub.connections(id)).toHaveLength(1);
  });

  it('belongs to the browser that agreed first', async () => {
    const { id, url } = await link();
    const first = hub.browser(null);
    const callback = await toCallback(first, url, 'robin');
    const thief = hub.browser(null);
    expect((await thief.send(url, { form: {} })).status).toBe(403);
    expect((await thief.send(callback)).status).toBe(403);
    expect((await first.send(callback)).status).toBe(200);
    expect(await hub.connections(id)).toMatchObject([{ account_label: 'robin' }]);
  });

  it('is dead after an hour, and after a refusal', async () => {
    const { id, url, connection_request_id, expires_at } = await link();
    expect(new Date(expires_at).getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(`update authorization_requests set expires_at = now() where id = '${connection_request_id}'`),
    );
    expect((await hub.browser(null).send(url)).status).toBe(410);
    const other = await link();
    const guest = hub.browser(null);
    const denied = await connect(guest, other.url, 'deny');
    const text = await textOf(denied);
    expect([denied.status, text]).toEqual([403, expect.stringContaining('Access was denied')]);
    expect(text).not.toMatch(/Try again|Installed/);
    expect((await guest.send(other.url)).status).toBe(409);
    expect(await hub.connections(id)).toEqual([]);
  });

  it('replaces nothing that is connected already, whatever state it is in', async () => {
    const { id, url } = await link();
    await connect(hub.browser(null), url, 'robin');
    const before = [await hub.connections(id), await hub.credentials()];
    const another = async () => {
      const body = { connector_id: id, label: 'Mallory' };
      return (await (await hub.as(hub.cast.dan, 'POST', '/api/connections/links', body)).json()) as Awaited<
        ReturnType<typeof link>
      >;
    };
    const again = await another();
    const refused = await connect(hub.browser(null), again.url, 'robin');
    const text = await textOf(refused);
    expect([refused.status, text]).toEqual([409, expect.stringContaining('robin is connected already')]);
    expect(text).not.toContain('Try again');
    expect([await hub.connections(id), await hub.credentials()]).toEqual(before);
    expect(await hub.state(again.connection_request_id)).toMatchObject({ status: 'failed', error: 'other_account' });
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(`update connections set status = 'expired' where connector_id = '${id}'`),
    );
    expect((await connect(hub.browser(null), (await another()).url, 'robin')).status).toBe(409);
    expect((await connect(hub.browser(null), (await another()).url, 'ada')).status).toBe(200);
    expect((await hub.connections(id)).map((each) => [each.account_label, each.status])).toEqual([
      ['robin', 'expired'],
      ['ada', 'active'],
    ]);
  });

  it('renews the connection that it was made for, for the same account, and no other one', async () => {
    const { ada, ben, dan } = hub.cast;
    const { id, url } = await link();
    await connect(hub.browser(null), url, 'robin');
    const [connection] = await hub.connections(id);
    const make = (body: object, person = dan) =>
      hub.as(person, 'POST', '/api/connections/links', { connector_id: id, label: 'Robin', ...body });
    const forIt = async () => (await (await make({ connection_id: connection?.id })).json()).url as string;
    const other = await connect(hub.browser(null), await forIt(), 'ada');
    expect([other.status, await textOf(other)]).toEqual([409, expect.stringContaining('but ada was signed in')]);
    await hub.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(`update connections set status = 'expired' where id = '${connection?.id}'`),
    );
    expect((await connect(hub.browser(null), await forIt(), 'robin')).status).toBe(200);
    expect(await hub.connections(id)).toMatchObject([{ id: connection?.id, status: 'active', account_label: 'robin' }]);
    const personal = await hub.connector({ personal: true });
    const { redirect_url } = await hub.begin(ben, { connector_id: personal, user_id: 'me' });
    await connect(hub.browser(ben), redirect_url, 'ben');
    const [own] = await hub.connections(personal);
    expect((await make({ connector_id: personal, connection_id: own?.id })).status).toBe(422);
    expect((await make({ connection_id: own?.id })).status).toBe(422);
    expect((await make({ connection_id: connection?.id }, ben)).status).toBe(403);
  });

  it('is no way into the hub: not as another page, not by its id, not by a guess, and it is in no log', async () => {
    const { url, connection_request_id } = await link();
    const guest = hub.browser(null);
    expect((await guest.send(`/connections/oauth/start/${connection_request_id}`)).headers.get('location')).toContain(
      '/signin',
    );
    expect((await hub.browser(hub.cast.dan).send(`/connections/oauth/start/${connection_request_id}`)).status).toBe(
      404,
    );
    const guessed = await guest.send('/connections/links/guess');
    expect([guessed.status, await guessed.text()]).toEqual([404, expect.stringContaining('ask whoever sent it')]);
    await guest.send(url);
    expect(hub.logged.join('\n')).not.toContain(url.split('/').at(-1));
  });

  it('is made by admins, for people with a name, on connectors that take it', async () => {
    const { ben, dan, cleo } = hub.cast;
    const id = await hub.connector();
    const status = async (person: typeof ben, body: object) =>
      (await hub.as(person, 'POST', '/api/connections/links', body)).status;
    expect(await status(ben, { connector_id: id, label: 'x' })).toBe(403);
    expect(await status(cleo, { connector_id: id, label: 'x' })).toBe(404);
    expect(await status(dan, { connector_id: id, label: ' \u0007 ' })).toBe(422);
    const blog = {
      config: { site_url: 'https://blog.example.com' },
      auth: { method: 'basic', username: 'a', password: 'abcd efgh ijkl mnop qrst uvwx' },
    };
    const other = await hub.as(dan, 'POST', '/api/connectors', { catalog_key: 'wordpress', name: 'Blog', ...blog });
    expect(await status(dan, { connector_id: (await other.json()).id, label: 'x' })).toBe(422);
  });
});
