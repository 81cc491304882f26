import { describe, expect, it } from 'vitest';
import { type BrokerAccount, type LoadedDriver, ServiceError } from '../../../src/drivers/driver.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import {
  accountWithoutEchoes,
  enteredSecrets,
  plainAccount,
  plainMessage,
  plainRequestId,
  plainScopes,
  secretsIn,
  withoutEchoes,
} from '../../../src/services/calls/echoes.ts';

const text = { type: 'string' };
const secret = { type: 'string', 'x-secret': true };
const authSchema: JsonSchema = {
  type: 'object',
  properties: { api_key: secret, region: text, pin: { ...secret, type: 'number' } },
};
const configSchema: JsonSchema = {
  type: 'object',
  properties: { url: text, proxy: { type: 'object', properties: { password: secret } } },
};
const driver = { entry: { authSchema, configSchema } } as Pick<LoadedDriver, 'entry'>;

describe('what a call carries that nobody may read', () => {
  it('is what was typed into secret fields, and what was granted', () => {
    const config = { url: 'https://a.example', proxy: { password: 'of the proxy' } };
    const auth = {
      api_key: 'typed',
      region: 'eu',
      pin: 1234,
      access_token: 'acc',
      refresh_token: 'ref',
      scopes: ['a'],
    };
    expect(secretsIn(driver, config, auth)).toEqual(['typed', 'of the proxy', 'acc', 'ref']);
    expect(secretsIn(driver, {}, {})).toEqual([]);
  });

  it('is a password as it stands in a header too', () => {
    const pair = Buffer.from('ada:pass').toString('base64');
    expect(secretsIn(driver, {}, { username: 'ada', password: 'pass' })).toEqual(['pass', pair]);
  });

  it('is what was entered into a form', () => {
    expect(enteredSecrets(authSchema, { api_key: 'typed', region: 'eu', pin: 1234 })).toEqual(['typed']);
    expect(enteredSecrets(authSchema, {})).toEqual([]);
  });
});

describe('an error of a call', () => {
  it('loses the secrets in its message and code, and in what caused it', () => {
    const deepest = new Error('sent s3cret');
    const cause = new ServiceError('input', 'No s3cret here', { serviceCode: 'bad_s3cret', cause: deepest });
    const error = new Error('It failed with s3cret', { cause });
    expect(withoutEchoes(error, ['s3cret'])).toBe(error);
    expect([error.message, cause.message, cause.serviceCode, deepest.message]).toEqual([
      'It failed with [redacted]',
      'No [redacted] here',
      'bad_[redacted]',
      'sent [redacted]',
    ]);
  });

  it('is cleaned five causes deep, also when they go round', () => {
    const chain = Array.from({ length: 7 }, (_, at) => new Error(`s3cret ${at}`));
    for (const [at, each] of chain.entries()) each.cause = chain[at + 1];
    withoutEchoes(chain[0], ['s3cret']);
    expect(chain.filter(({ message }) => message.includes('s3cret'))).toHaveLength(2);
    const round = new Error('s3cret');
    round.cause = round;
    expect((withoutEchoes(round, ['s3cret']) as Error).message).toBe('[redacted]');
  });

  it('keeps short words, which tell nothing, and things that are no errors', () => {
    const error = new Error('the key of abc and abcd');
    withoutEchoes(error, ['abc', 'abcd', '']);
    expect(error.message).toBe('the key of abc and [redacted]');
    expect(withoutEchoes('s3cret', ['s3cret'])).toBe('s3cret');
    expect(withoutEchoes(null, ['s3cret'])).toBeNull();
  });

  it('of a service stays on its line; one of ours is told as it is', () => {
    const long = 'x'.repeat(1_001);
    const said = new ServiceError('input', `a\nb ${long}`, { serviceCode: `c\u202e${long}` });
    withoutEchoes(said, []);
    expect(said.message).toMatch(/^a b x+…$/);
    expect(said.message).toHaveLength(1_000);
    expect(said.serviceCode).toMatch(/^c x+…$/);
    expect(said.serviceCode).toHaveLength(100);
    const plain = new ServiceError('input', 'a');
    withoutEchoes(plain, []);
    expect(plain.serviceCode).toBeUndefined();
    const ours = new Error(`a\nb ${long}`);
    withoutEchoes(ours, []);
    expect(ours.message).toBe(`a\nb ${long}`);
  });
});

describe('an account, as its service tells of it', () => {
  it('has no secret, no line breaks and no more than fits', () => {
    const scopes = ['repo', 'a\nb', ' \u0000', 'y'.repeat(300)];
    expect(plainAccount({ externalId: 'id s3cret', label: 'Ada\n(s3cret)', scopes }, ['s3cret', 'Ada'])).toEqual({
      externalId: 'id [redacted]',
      label: 'Ada ([redacted])',
      scopes: ['repo', 'a b', `${'y'.repeat(199)}…`],
    });
    expect(plainAccount({ externalId: 'id', label: 'l'.repeat(300) }, [])).toEqual({
      externalId: 'id',
      label: `${'l'.repeat(254)}…`,
    });
    expect(plainAccount({ externalId: 'id', label: '\u0000 ' }, []).label).toBe('id');
  });

  it('has an id that stays different from every other', () => {
    const [one, two] = ['1', '2'].map((last) =>
      plainAccount({ externalId: `${'x'.repeat(300)}${last}`, label: 'l' }, []),
    );
    expect(one?.externalId).not.toBe(two?.externalId);
    for (const each of [one, two]) {
      expect(each?.externalId).toMatch(/^x{179}… [0-9a-f]{64}$/);
      expect(each?.externalId.length).toBeLessThanOrEqual(255);
    }
    expect(plainAccount({ externalId: 'a\nb', label: 'l' }, []).externalId).toMatch(/^a b [0-9a-f]{64}$/);
    expect(plainAccount({ externalId: 'x'.repeat(255), label: 'l' }, []).externalId).toBe('x'.repeat(255));
  });

  it('has two hundred scopes at most', () => {
    expect(plainScopes(Array.from({ length: 300 }, (_, at) => `scope ${at}`))).toHaveLength(200);
    expect(plainScopes(['', 'a', ' '])).toEqual(['a']);
  });

  it('of a broker is cleaned as well', () => {
    const account = { label: 'by s3cret', reason: 'No s3cret, abc' } as BrokerAccount;
    expect(accountWithoutEchoes(account, ['s3cret', 'abc'])).toEqual({
      label: 'by [redacted]',
      reason: 'No [redacted], abc',
    });
    const silent = { label: null, reason: null } as BrokerAccount;
    expect(accountWithoutEchoes(silent, ['s3cret'])).toEqual(silent);
  });
});

it('names of requests and sentences of drivers lose secrets before they are cut', () => {
  const around = (before: number) => `${'x'.repeat(before)}\ns3cret and more`;
  expect(plainRequestId(around(3), ['s3cret', 'and'])).toBe('xxx [redacted] and more');
  expect(plainMessage(around(3), ['s3cret', 'and'])).toBe('xxx [redacted] and more');
  for (const [made, most] of [
    [plainRequestId(around(190), ['s3cret']), 200],
    [plainMessage(around(990), ['s3cret']), 1_000],
  ] as const) {
    expect(made).toHaveLength(most);
    expect(made).not.toContain('s3');
  }
});
