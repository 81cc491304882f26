import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { cleanText, scrub, scrubWords } from '../../src/lib/scrub.ts';

const canary = 'c4n4ry-9f2e';

function logged(write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  write(createLog('trace', { write: (line: string) => void lines.push(line) }));
  return { lines, text: lines.join(''), first: JSON.parse(lines[0] ?? '{}') };
}

describe('text in a log line', () => {
  const leaks = [
    `https://user:${canary}@example.com/feed`,
    `postgres://app:p@ss:${canary}@db:5432/x`,
    `GET /x?access_token=${canary}&page=2`,
    `/callback?code=1&client_secret=${canary}#top`,
    `/x?access%5Ftoken=${canary}`,
    `https://h/x#id_token=${canary}`,
    `Authorization: Bearer ${canary}`,
    `authorization: Token ${canary}`,
    `x-api-key: ${canary}`,
    `cookie: patchbay.session=${canary}; a=b`,
    `sent bearer ${canary}`,
    `Basic ${Buffer.from(`ada:${canary}`).toString('base64')}`,
    `{"user":"ada","password":"${canary}"}`,
    `{'api_key': '${canary}'}`,
    `config[password]=${canary}`,
    `PASSWORD=${canary} node src/commands/tenant.ts`,
    `password="${canary} with blanks"`,
  ];
  const encoded = Buffer.from(`ada:${canary}`).toString('base64');

  it.each(leaks)('cleans %s in fields, messages, arguments and errors', (leak) => {
    const { text } = logged((log) => {
      log.info({ note: leak, list: [leak] });
      log.info(leak);
      log.info('said %s', leak);
      log.error(new Error(leak, { cause: new Error(leak) }));
      log.child({ note: leak }).info('x');
    });
    expect(text).not.toContain(canary);
    expect(text).not.toContain(encoded);
  });

  it('cuts what is very long, and no credential in two', () => {
    for (const before of [9_900, 9_950, 9_980, 9_990, 9_999]) {
      const text = `${'x '.repeat(before / 2)}postgres://app:${canary}${'y'.repeat(200)}@db/x "password":"a ${canary} b" PASSWORD="a ${canary}`;
      const { first } = logged((log) =>
        log.info({ text, url: `https://h/${'p/'.repeat(4_990)}?token=${canary}&x=${'y'.repeat(9_000)}` }),
      );
      expect(JSON.stringify(first)).not.toContain('c4n4');
      expect(first.text).toMatch(/… \[\d+ characters\]$/);
    }
  });

  it('leaves harmless text alone', () => {
    const harmless = 'page=2&sort=name at https://example.com/catalog?q=git, basic authentication: needed';
    expect(logged((log) => log.info(harmless)).first.msg).toBe(harmless);
  });
});

describe('cleaned text', () => {
  const pair = (text: string) => Buffer.from(text).toString('base64');

  it.each([
    ['https://user:c4n@example.com/feed', 'https://[redacted]@example.com/feed'],
    ['svn+ssh://c4n@h/x', 'svn+ssh://[redacted]@h/x'],
    ['https://h/x@y', 'https://h/x@y'],
    ['https://h?x@y', 'https://h?x@y'],
    ['https://h#x@y z', 'https://h#x@y z'],
    ['GET /x?access_token=c4n&page=2', 'GET /x?access_token=[redacted]&page=2'],
    ['a%5Bpassword%5D=c4n;b=1', 'a%5Bpassword%5D=[redacted];b=1'],
    ['secret=a,b=2 c=3', 'secret=[redacted],b=2 c=3'],
    ['config[password]=c4n<br>', 'config[password]=[redacted]<br>'],
    ['%E0%A4%A=1 100%=2', '%E0%A4%A=1 100%=2'],
    ['password="c4n with blanks" left', 'password=[redacted] left'],
    ["password='c4n with blanks' left", 'password=[redacted] left'],
    ['password="c4n without an end', 'password=[redacted]'],
    ["password='c4n without an end", 'password=[redacted]'],
    ['password= nothing', 'password= nothing'],
    ['sent bearer c4n4ry, left', 'sent Bearer [redacted], left'],
    ['sent bearer\t  c4n4ry=/+~._- left', 'sent Bearer [redacted] left'],
    ['a bearer of news', 'a bearer of news'],
    [`sent basic ${pair('ada:c4n')} left`, 'sent Basic [redacted] left'],
    [`sent basic \t${pair('ada:c4n4')} left`, 'sent Basic [redacted] left'],
    [`sent basic ${pair('no pair at all')}`, `sent basic ${pair('no pair at all')}`],
    ['a basic truth', 'a basic truth'],
    ['x-api-key: c4n and more\nnext: line', 'x-api-key: [redacted]\nnext: line'],
    ['Authorization : Token c4n\r\nnext: line', 'Authorization: [redacted]\r\nnext: line'],
    ['cookie:a=b; c=c4n', 'cookie: [redacted]'],
    ['api-key: c4n', 'api-key: [redacted]'],
    ['x-amz-security-token: c4n', 'x-amz-security-token: [redacted]'],
    ['content-type: text/html', 'content-type: text/html'],
    ['{"user":"ada","password":"c4n","a":1}', '{"user":"ada","password":"[redacted]","a":1}'],
    ['{"password" : "c4\\"n", "a":1}', '{"password":"[redacted]", "a":1}'],
    ["{'api_key': 'c4\\'n', 'a': 1}", "{'api_key':'[redacted]', 'a': 1}"],
    ['{"token":c4n,"a":[1]}', '{"token":"[redacted]","a":[1]}'],
    ['[{"token":c4n}]', '[{"token":"[redacted]"}]'],
    ['"password":"c4n without an end', '"password":"[redacted]"'],
    ["'password':'c4n without an end", "'password':'[redacted]'"],
    ['c4n', 'c4n'],
    ['', ''],
  ])('%j becomes %j', (text, clean) => expect(cleanText(text)).toBe(clean));

  it('is whole up to ten thousand characters, and cut between words beyond', () => {
    const whole = `${'a'.repeat(4_999)} ${'b'.repeat(5_000)}`;
    expect(cleanText(whole)).toBe(whole);
    expect(cleanText(`${whole}b`)).toBe(`${'a'.repeat(4_999)} … [10001 characters]`);
    for (const sign of ['\n', '/', '?'])
      expect(cleanText(`${'a'.repeat(9_000)}${sign}${'b'.repeat(9_000)}`)).toBe(
        `${'a'.repeat(9_000)}${sign}… [18001 characters]`,
      );
    expect(cleanText('a'.repeat(10_001))).toBe('… [10001 characters]');
  });
});

describe('names of secrets', () => {
  it.each(
    [
      'auth pin pwd dsn otp sid PIN cookie cookies set-cookie authorization proxy-authorization a_token tokens secrets passwd',
      'passphrase api_key api-key api.key apikey x-api-key access_key accesskey access-key privatekey private.key masterkey',
      'master_keys signing_key signing-key credentials database_url database_admin_url DATABASE_URL sealed wrapped signature bearer',
    ].flatMap((line) => line.split(' ')),
  )('%s is one', (name) => expect(scrub({ [name]: 'c4n' })).toEqual({ [name]: '[redacted]' }));

  it('may have blanks in them, or be written as addresses have them', () => {
    for (const name of [
      'api key',
      'access key',
      'private key',
      'master key',
      'signing key',
      'access%5Fkey',
      'api%20key',
    ])
      expect(scrub({ [name]: 'c4n' })).toEqual({ [name]: '[redacted]' });
  });

  it.each(
    'author oauth spin pins pinned pwdx xpwd dsns side otpx cookie_policy a-cookie key keys database_name database%zz'.split(
      ' ',
    ),
  )('%s is none', (name) => expect(scrub({ [name]: 'plain' })).toEqual({ [name]: 'plain' }));

  it('hide numbers and texts, but neither whether they are set nor how many tokens there were', () => {
    const shown = { password: true, secret: null, tokens_in: 17 };
    expect(scrub({ ...shown, token: 17, tokens: 'c4n', nothing: undefined })).toEqual({
      ...shown,
      token: '[redacted]',
      tokens: '[redacted]',
    });
    expect(scrub({ password: undefined })).toEqual({ password: undefined });
  });
});

describe('a copy for the log', () => {
  it('holds plain values only', () => {
    const both = { a: 1 };
    expect(
      scrub({
        one: both,
        two: both,
        date: new Date(0),
        none: new Date(Number.NaN),
        bytes: Buffer.from('c4n'),
        buffer: new ArrayBuffer(4),
        view: new DataView(new ArrayBuffer(5)),
        url: new URL('https://h/x?token=c4n'),
        set: new Set(['a', 'token=c4n']),
        map: new Map<unknown, unknown>([
          [1, 'b'],
          ['token', 'c4n'],
        ]),
        headers: new Headers({ cookie: 'c4n', accept: 'x' }),
        query: new URLSearchParams('token=c4n&a=1'),
        json: { toJSON: () => 'token=c4n' },
        notJson: { toJSON: 'text' },
        big: 12n,
        work: () => 1,
        sign: Symbol('x'),
        gone: undefined,
      }),
    ).toEqual({
      one: { a: 1 },
      two: { a: 1 },
      date: '1970-01-01T00:00:00.000Z',
      none: null,
      bytes: '[3 bytes]',
      buffer: '[4 bytes]',
      view: '[5 bytes]',
      url: 'https://h/x?token=[redacted]',
      set: ['a', 'token=[redacted]'],
      map: { 1: 'b', token: '[redacted]' },
      headers: { cookie: '[redacted]', accept: 'x' },
      query: { token: '[redacted]', a: '1' },
      json: 'token=[redacted]',
      notJson: { toJSON: 'text' },
      big: '12',
    });
    expect(scrub({ 'https://u:c4n@h': 1 })).toEqual({ 'https://[redacted]@h': 1 });
  });

  it('ends at twenty levels', () => {
    const deep = (levels: number): unknown => (levels ? { a: deep(levels - 1) } : { end: 1 });
    expect(JSON.stringify(scrub(deep(20)))).toContain('"end":1');
    expect(JSON.stringify(scrub(deep(21)))).toContain('"a":"[too deep]"');
  });

  it('keeps of errors what helps', () => {
    const kept = {
      ...{ code: 'token=c4n', status: 502, errno: -1, syscall: 'read', severity: 'ERROR' },
      ...{ constraint_name: 'c', table_name: 't', retryAfter: 3 },
    };
    const error = Object.assign(new RangeError('password=c4n'), kept, { detail: 'c4n', cause: { token: 'c4n' } });
    error.stack = `RangeError: c4n\n    at one (a.ts:1)\nc4n at all\n    at two (https://u:c4n@h/b.ts)`;
    expect(scrub(error)).toEqual({
      ...kept,
      type: 'RangeError',
      message: 'password=[redacted]',
      code: 'token=[redacted]',
      stack: 'at one (a.ts:1)\nat two (https://[redacted]@h/b.ts)',
      cause: { token: '[redacted]' },
    });
    const bare = Object.assign(new Error('x'), { code: { secret: 'c4n' }, stack: undefined });
    expect(scrub(bare)).toEqual({ type: 'Error', message: 'x' });
    expect(scrub(Object.assign(new Error('x'), { stack: 'Error: x' }))).toEqual({ type: 'Error', message: 'x' });
    const statement = new Error('Failed query: x\nparams: c4n\nc4n');
    expect(scrub(Object.assign(statement, { stack: '' }))).toEqual({ type: 'Error', message: 'Failed query: x' });
    const several = Object.assign(new AggregateError([bare], 'both'), { stack: '' });
    expect(scrub(several)).toEqual({
      type: 'AggregateError',
      message: 'both',
      errors: [{ type: 'Error', message: 'x' }],
    });
  });
});

describe('what people decide by', () => {
  it('shows everything but single words under names of secrets', () => {
    expect(
      scrubWords({
        password: 'c4n',
        auth: { user: 'c4n', note: 'send all the money', pins: ['c4n', 'two words', 7, null, true] },
        secret: 7,
        token: null,
        plain: 'c4n',
        count: 3,
        list: ['token=c4n', { api_key: 'c4n' }],
        'https://u:c4n@h': 1,
      }),
    ).toEqual({
      password: '[redacted]',
      auth: {
        user: '[redacted]',
        note: 'send all the money',
        pins: ['[redacted]', 'two words', '[redacted]', '[redacted]', '[redacted]'],
      },
      secret: '[redacted]',
      token: null,
      plain: 'c4n',
      count: 3,
      list: ['token=[redacted]', { api_key: '[redacted]' }],
      'https://[redacted]@h': 1,
    });
  });

  it.each([
    ['password="send all the money" to', 'password="send all the money" to'],
    ["password='c4n' to", 'password=[redacted] to'],
    ['x-api-key: c4n', 'x-api-key: [redacted]'],
    ['x-api-key: send all the money', 'x-api-key: send all the money'],
    ['{"password":"c4n"}', '{"password":"[redacted]"}'],
    ['{"password":"send all the money"}', '{"password":"send all the money"}'],
    ['to https://ada:c4n@h/x', 'to https://[redacted]@h/x'],
    ['bearer  c4n4ry9 to', 'Bearer [redacted] to'],
    [`basic ${Buffer.from('ada:c4n').toString('base64')} to`, 'Basic [redacted] to'],
    [`token=${'a'.repeat(500)}`, 'token=[redacted]'],
    [`token=${'a'.repeat(501)}`, `token=${'a'.repeat(501)}`],
  ])('%j is shown as %j', (text, shown) => expect(scrubWords(text)).toBe(shown));

  it('cuts nothing', () => {
    const long = `token=c4n ${'x'.repeat(10_000)}`;
    expect(scrubWords(long)).toBe(long);
    expect(scrubWords(long.slice(0, 10_000))).toMatch(/^token=\[redacted\] x+$/);
    expect(scrubWords({ password: 'a'.repeat(501) })).toEqual({ password: 'a'.repeat(501) });
  });
});

it('takes hostile text in no time', () => {
  const seeds = [
    'a',
    'x=',
    'a="',
    '"aa":"',
    '"aa" :',
    'a:a@',
    'a-',
    'a-a',
    'bearer ',
    'basic a',
    '//',
    '://',
    'a://',
    'a://a',
    'authorization:',
    '%',
    'a%',
    '[',
    "'",
    '\\"',
    ' ',
    '\n',
  ];
  for (const seed of seeds)
    for (const length of [9_990, 1_000_000]) {
      const text = seed.repeat(length / seed.length);
      const started = process.cpuUsage();
      logged((log) => log.info({ text, [text.slice(0, 9_000)]: text }, text));
      expect(process.cpuUsage(started).user / 1000, seed).toBeLessThan(150);
    }
});
