import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';

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

  it('leaves harmless text alone', () => {
    const harmless = 'page=2&sort=name at https://example.com/catalog?q=git, basic authentication: needed';
    expect(logged((log) => log.info(harmless)).first.msg).toBe(harmless);
  });
});
