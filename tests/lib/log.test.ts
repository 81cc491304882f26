import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';

const canary = 'c4n4ry-9f2e';

function logged(write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  write(createLog('trace', { write: (line: string) => void lines.push(line) }));
  return { lines, text: lines.join(''), first: JSON.parse(lines[0] ?? '{}') };
}

/** `{a: {a: … {[key]: value}}}` */
const nested = (depth: number, key: string, value: unknown): Record<string, unknown> =>
  depth === 0 ? { [key]: value } : { a: nested(depth - 1, key, value) };

const secretKeys = [
  'password',
  'Password',
  'newPassword',
  'db_password',
  'passphrase',
  'token',
  'access_token',
  'refreshToken',
  'id_token',
  'client_secret',
  'clientSecret',
  'secret',
  'api_key',
  'apiKey',
  'API-Key',
  'x-api-key',
  'authorization',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'cookies',
  'set-cookie',
  'private_key',
  'privateKey',
  'credential',
  'credentials',
  'auth',
  'MASTER_KEYS',
  'masterKey',
  'DATABASE_URL',
  'access_key',
  'secret_access_key',
  'sealed',
  'wrapped',
  'signature',
  'sessionToken',
];

describe('fields', () => {
  it.each(secretKeys)('hides the value under %s at every depth', (key) => {
    for (const depth of [0, 1, 2, 7, 15, 40]) {
      const values = [canary, [canary], { deeper: canary }, Buffer.from(canary), new Map([['x', canary]]), 4242424242];
      for (const value of values) {
        const { text } = logged((log) => log.info(nested(depth, key, value), 'done'));
        expect(text).not.toContain(canary);
        expect(text).not.toContain('4242424242');
      }
    }
  });

  it('hides secrets in lists, maps, sets, headers and search parameters', () => {
    const { text } = logged((log) =>
      log.info({
        list: [{ token: canary }, [[{ password: canary }]]],
        map: new Map<string, unknown>([
          ['api_key', canary],
          ['plain', { secret: canary }],
        ]),
        set: new Set([{ token: canary }]),
        headers: new Headers({ authorization: `Bearer ${canary}`, accept: '*/*' }),
        query: new URLSearchParams({ access_token: canary }),
        url: new URL(`https://api.example.com/x?token=${canary}`),
      }),
    );
    expect(text).not.toContain(canary);
    expect(text).toContain('*/*');
  });

  it('keeps what is no secret', () => {
    const fields = { method: 'GET', path: '/catalog', status: 200, auth_type: 'oauth', count: 3, ok: true, none: null };
    expect(logged((log) => log.info(fields, 'request')).first).toMatchObject({
      ...fields,
      level: 'info',
      msg: 'request',
    });
  });

  it('says whether a secret is set and how many tokens a model used', () => {
    const { first } = logged((log) => log.info({ password: true, token: null, tokens_in: 17 }));
    expect(first).toMatchObject({ password: true, token: null, tokens_in: 17 });
  });

  it('scrubs the bindings of child loggers', () => {
    const { text, first } = logged((log) => log.child({ tenant_id: 't1', conf: { password: canary } }).info('x'));
    expect(text).not.toContain(canary);
    expect(first.tenant_id).toBe('t1');
  });

  it('survives circles, getters that throw, hostile toJSON and numbers that JSON cannot hold', () => {
    const circle: Record<string, unknown> = { token: canary };
    circle.self = circle;
    const { text, first } = logged((log) =>
      log.info({
        circle,
        thrower: {
          get x() {
            throw new Error(canary);
          },
        },
        hostile: { toJSON: () => ({ password: canary }) },
        big: 12n,
        when: new Date(Number.NaN),
      }),
    );
    expect(text).not.toContain(canary);
    expect(first).toMatchObject({ circle: { self: '[circular]' }, thrower: '[unreadable]', big: '12', when: null });
  });

  it('takes names such as __proto__ as names', () => {
    const { text } = logged((log) =>
      log.info(JSON.parse(`{"__proto__": {"password": "${canary}"}, "constructor": {"token": "${canary}"}}`)),
    );
    expect(text).not.toContain(canary);
    expect(({} as Record<string, unknown>).password).toBeUndefined();
  });
});

describe('errors', () => {
  it('keeps type, message, code, stack and causes, and drops what hangs on them', () => {
    const cause = Object.assign(new Error('connection refused'), {
      code: 'ECONNREFUSED',
      headers: { authorization: canary },
    });
    const error = Object.assign(new TypeError('call failed', { cause }), { request: { body: canary }, status: 502 });
    const { text, first } = logged((log) => log.error({ err: error }, 'outside call'));
    expect(text).not.toContain(canary);
    expect(first.err).toMatchObject({
      type: 'TypeError',
      message: 'call failed',
      status: 502,
      cause: { code: 'ECONNREFUSED' },
    });
    expect(first.err.stack).toContain('log.test.ts');
  });

  it("drops a failed statement's parameters", () => {
    const error = new Error(`Failed query: insert into x values ($1)\nparams: ${canary},2\n${canary}`);
    const { text } = logged((log) => log.error(Object.assign(error, { params: [canary], query: 'insert …' })));
    expect(text).not.toContain(canary);
    expect(text).toContain('insert into x');
  });

  it('opens aggregate errors', () => {
    const { text, first } = logged((log) =>
      log.error(new AggregateError([new Error(`password=${canary}`)], 'both failed')),
    );
    expect(text).not.toContain(canary);
    expect(first.err.errors[0].message).toBe('password=[redacted]');
  });
});

describe('injection', () => {
  const evil = 'a\nb\r\nc\u001b[31m\u009b31m\u2028{"level":"fatal"}\u0000\u007f';

  it('writes one line of printable characters, whatever is logged', () => {
    const { lines } = logged((log) => {
      log.info({ path: evil, [evil]: evil }, evil);
      log.error(new Error(evil));
      log.child({ x: evil }).info('%s', evil);
    });
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(JSON.parse(line)).toBeTypeOf('object');
    }
    expect(JSON.parse(lines[0] ?? '').path).toBe(evil);
  });
});

it('writes nothing below its level', () => {
  const lines: string[] = [];
  const log = createLog('warn', { write: (line: string) => void lines.push(line) });
  log.info('quiet');
  log.warn('loud');
  expect(lines).toHaveLength(1);
});
