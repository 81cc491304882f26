import {
  basic,
  call,
  githubToken,
  hex,
  httpForm,
  install,
  keyIn,
  pem,
  refused,
  switchOff,
  type Way,
} from './canary-ways.ts';

export const connectorWays: Way[] = [
  {
    name: 'installed, replaced, kept and cleared',
    go: async (at) => {
      const tls = () => ({ cert: pem('CERTIFICATE', 'MIIB'), key: pem('PRIVATE KEY', at.book.word()) });
      const config = { base_url: 'https://127.0.0.1:1' };
      const { id, body } = await install(at, 'http-api', basic(at), { ...config, tls: tls() });
      const put = async (more: object, wants = 200) => {
        const { json } = await at.ask('GET', `/api/connectors/${id}`);
        return at.ask('PUT', `/api/connectors/${id}`, {
          body: {
            name: body.name,
            tags: [],
            version: json.version,
            config,
            auth: { method: 'basic', username: 'reader' },
            ...more,
          },
          wants,
        });
      };
      await put({ auth: basic(at), config: { ...config, tls: tls() } });
      await put({ config: { ...config, tls: { cert: tls().cert } } });
      await put({ config: { ...config, tls: null } }, 422);
      await put({ config: { ...config, tls: { cert: null, key: null } } }, 422);
      await put({}, 422); // the key stays, and wants its certificate
      await put({ config: { ...config, tls: { key: null } } });
      await put({});
      await put({ auth: { ...basic(at), surplus: at.book.text() } }, 422);
      await put({ auth: { method: 'basic', username: 'reader', password: null } }, 422);
      await put({ version: 1, auth: basic(at) }, 409);
      await call(at, id);
    },
  },
  {
    name: 'refused when installed',
    go: async (at) => {
      const body = { catalog_key: 'http-api', name: 'Refused', config: { base_url: at.service.url } };
      const post = (wants: number, changed: unknown) => at.ask('POST', '/api/connectors', { body: changed, wants });
      await post(422, { ...body, auth: { ...basic(at), surplus: at.book.text() } });
      await post(422, { ...body, auth: [at.book.text()] });
      await post(422, { ...body, auth: { ...basic(at), method: at.book.text() } });
      await post(422, { ...body, surplus: at.book.text(), auth: basic(at) });
      await post(422, { ...body, config: { base_url: `https://reader:${at.book.word()}@127.0.0.1` }, auth: basic(at) });
      await post(422, { ...body, config: { ...body.config, tls: { key: at.book.text() } }, auth: basic(at) });
      await post(400, `{"catalog_key": "http-api", "auth": {"password": "${at.book.text()}"`);
      await post(422, {
        catalog_key: 'openai',
        name: 'Refused',
        config: {},
        auth: { method: 'api_key', api_key: at.book.word() },
      });
    },
  },
  {
    name: 'examined by validate-config',
    go: async (at) => {
      const body = { catalog_key: 'http-api', config: { base_url: at.service.url } };
      const post = (changed: object) =>
        at.ask('POST', '/api/validate-config', { body: { ...body, ...changed }, wants: 200 });
      await post({ auth: basic(at) });
      await post({ config: { base_url: 'ftp://x' }, auth: basic(at) });
      await post({
        config: { ...body.config, tls: { key: pem('PRIVATE KEY', at.book.word()) } },
        auth: { password: at.book.text() },
      });
    },
  },
  {
    name: 'tested before it is saved',
    go: async (at) => {
      const test = (auth: object, base_url = at.service.url) =>
        at.ask('POST', '/api/connectors/test', {
          body: { catalog_key: 'http-api', config: { base_url }, auth },
          wants: 200,
        });
      await test(basic(at));
      await test(keyIn(at, 'header'));
      await test(keyIn(at, 'query'), 'http://127.0.0.1:1');
      await refused(at, () => test(keyIn(at, 'query')));
      await refused(at, () => test(basic(at)));
    },
  },
  {
    name: 'used at a service that says it back',
    go: async (at) => {
      for (const auth of [basic(at), keyIn(at, 'header'), keyIn(at, 'query')]) {
        const { id, connection } = await install(at, 'http-api', auth);
        const all = async () => {
          await at.ask('POST', `/api/connectors/${id}/test`);
          await at.ask('GET', `/api/proxy/${connection}/x`);
          await call(at, id);
        };
        await all();
        await refused(at, all);
      }
    },
  },
  {
    name: 'OAuth client credentials and the token that they got',
    go: async (at) => {
      const auth = { method: 'client_credentials', token_url: `${at.service.url}/token`, client_id: 'hub' };
      at.service.tokens = [at.book.word(), at.book.word()];
      const { id } = await install(at, 'http-api', { ...auth, client_secret: at.book.text() });
      await at.ask('POST', `/api/connectors/${id}/oauth-token`, { wants: 200 });
      await call(at, id);
      await refused(at, () => call(at, id));
      at.service.tokens = [];
      const other = await install(at, 'http-api', { ...auth, client_secret: at.book.text() });
      await at.ask('POST', `/api/connectors/${other.id}/oauth-token`);
      const signed = {
        ...auth,
        ...{ client_authentication: 'private_key_jwt', private_key: pem('PRIVATE KEY', at.book.word()) },
      };
      const body = { catalog_key: 'http-api', config: { base_url: at.service.url }, auth: signed };
      await at.ask('POST', '/api/connectors/test', { body });
    },
  },
  {
    name: 'GitHub’s personal access token, also brought and rotated',
    go: async (at) => {
      const { id, connection } = await install(at, 'github', { method: 'token', access_token: githubToken(at) }, {});
      const get = () =>
        at.ask('POST', '/api/tools/github.get_user/execute', { body: { connector_id: id, arguments: {} } });
      await get();
      await refused(at, get);
      const rotate = (access_token: string, wants: number) =>
        at.ask('POST', `/api/connections/${connection}/rotate`, { body: { credential: { access_token } }, wants });
      await rotate(githubToken(at), 200);
      await refused(at, () => rotate(githubToken(at), 422));
      await rotate(at.book.text(), 422);
      await at.ask('POST', `/api/connections/${connection}/rollback`, { wants: 200 });
    },
  },
  {
    name: 'an OAuth application’s secret, and what people authorise with it',
    go: async (at) => {
      const auth = {
        method: 'oauth2',
        client_id: 'Ov23liAbCdEfGhIjKlMn',
        client_secret: hex(at),
        personal_accounts: true,
      };
      const { id } = await install(at, 'github', auth, {});
      const begin = async () => {
        const body = { connector_id: id, user_id: 'me' };
        const { redirect_url } = (await at.ask('POST', '/api/connections/oauth/initiate', { body, wants: 201 })).json;
        const sent = await at.ask('POST', redirect_url, { form: {}, wants: 303 });
        const bound = sent.headers.getSetCookie().map((each) => each.split(';')[0]);
        const to = new URL(sent.headers.get('location') ?? '').searchParams;
        const answer = new URLSearchParams({ state: to.get('state') ?? '', code: at.book.word() });
        return at.ask('GET', `/connections/oauth/callback?${answer}`, { as: [at.cookie, ...bound].join('; ') });
      };
      at.service.tokens = [`gho_${at.book.word().padEnd(36, '0')}`];
      await begin();
      await begin(); // and the service does not take the code
      const bring = (access_token: string) =>
        at.ask('POST', '/api/connections', { body: { connector_id: id, user_id: 'me', credential: { access_token } } });
      await bring(githubToken(at));
      await refused(at, () => bring(githubToken(at)));
      await at.ask('POST', '/api/connectors', {
        body: { catalog_key: 'github', name: 'Refused', config: {}, auth: { ...auth, client_secret: at.book.text() } },
        wants: 422,
      });
      const link = await at.ask('POST', '/api/connections/links', {
        body: { connector_id: id, label: 'Robin' },
        wants: 201,
      });
      const url = String(link.json.url);
      at.book.tell(url.split('/').at(-1), link.place);
    },
  },
  {
    name: 'a password rotated',
    go: async (at) => {
      const { connection } = await install(at, 'http-api', basic(at));
      await at.ask('POST', `/api/connections/${connection}/checks`, { form: {} });
      const rotate = (credential: object) =>
        at.ask('POST', `/api/connections/${connection}/rotate`, { body: { credential } });
      await rotate({ password: at.book.text() });
      await rotate({ password: at.book.text(), surplus: at.book.text() });
      await rotate({ surplus: at.book.text() });
      await refused(at, () => rotate({ password: at.book.text() }));
      const form = (fields: object) => at.ask('POST', `/connections/${connection}/rotation`, { form: { ...fields } });
      await form({ 'credential.password': at.book.text() });
      await form({ 'credential.password': at.book.text().repeat(200) });
      await refused(at, () => form({ 'credential.password': at.book.text() }));
    },
  },
  {
    name: 'a database’s password',
    go: async (at) => {
      const { id } = await install(at, 'postgresql', basic(at), {
        host: '127.0.0.1',
        port: 1,
        database: 'shop',
        sslmode: 'disable',
      });
      await at.ask('POST', `/api/connectors/${id}/test`);
      await at.ask('GET', `/connectors/${id}/tables`);
      await switchOff(at, id);
    },
  },
  {
    name: 'typed into the forms',
    go: async (at) => {
      const typed = httpForm(at);
      await at.ask('POST', '/connectors', { form: typed, wants: 303 });
      await at.ask('POST', '/connectors', { form: httpForm(at, { name: '' }), wants: 422 });
      await at.ask('POST', '/connectors', {
        form: httpForm(at, { 'config.base_url': 'ftp://x' }),
        wants: 422,
      });
      await at.ask('POST', '/connectors', { form: httpForm(at), as: null });
      await at.ask('POST', '/connectors', {
        form: httpForm(at),
        headers: { origin: 'https://elsewhere.example' },
        wants: 403,
      });
      await at.ask('POST', '/connectors', { form: httpForm(at), headers: { 'hx-request': 'true' } });
      await at.ask('POST', '/connectors/checks', { form: httpForm(at), wants: 200 });
      await refused(at, () => at.ask('POST', '/connectors/checks', { form: httpForm(at) }));
      await at.ask('POST', '/connectors/checks', { form: httpForm(at, { 'config.base_url': 'ftp://x' }) });
      const { data } = (await at.ask('GET', '/api/installed?limit=200')).json;
      const to = `/connectors/${data.find((each: { name: string }) => each.name === typed.name)?.id}`;
      const { json } = await at.ask('GET', `/api${to}`, { wants: 200 });
      const edit = (more: object) =>
        at.ask('POST', to, {
          form: httpForm(at, { _method: 'PUT', version: String(json.version), tags: '', ...more }),
        });
      await edit({ name: '' });
      await edit({});
      await edit({}); // somebody else was quicker
      await at.ask('POST', `${to}/checks`, { form: httpForm(at, { _method: 'PUT' }) });
    },
  },
];
