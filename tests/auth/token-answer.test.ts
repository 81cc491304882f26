import { describe, expect, it } from 'vitest';
import { tokenAnswer } from '../../src/auth/token-answer.ts';
import { TokenError } from '../../src/auth/token-error.ts';

type Quirks = Parameters<typeof tokenAnswer>[1];
type Parts = { status?: number; type?: string; headers?: Record<string, string>; quirks?: Quirks };

const read = (body: unknown, { status = 200, type = 'application/json', headers = {}, quirks }: Parts = {}) =>
  tokenAnswer(
    new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'content-type': type, ...headers },
    }),
    quirks,
  );

/** Fault, HTTP status, the service's code and the sentence. */
async function refusal(body: unknown, parts: Parts = {}): Promise<[string, number?, string?, string?, number?]> {
  const error = await read(body, parts).catch((each: unknown) => each);
  if (!(error instanceof TokenError)) return [`no refusal: ${JSON.stringify(error)}`];
  expect(error.name).toBe('TokenError');
  return [error.fault, error.status, error.code, error.message, error.retryAfterMs];
}

const good = { access_token: 'tok', token_type: 'Bearer' };

describe('an answer with a token', () => {
  it('comes through with what else is in it, but for an ID token', async () => {
    const answer = { ...good, expires_in: 3600, scope: 'a b', team: { id: 7 }, id_token: 'signed' };
    expect(await read(answer)).toEqual({ ...good, expires_in: 3600, scope: 'a b', team: { id: 7 } });
    expect(await read({ ...good, token_type: 'bEaReR' })).toMatchObject({ access_token: 'tok' });
  });

  it('must be one of this kind', async () => {
    const none: [unknown, string][] = [
      [{ token_type: 'Bearer' }, 'sent an answer without an access token'],
      [{ ...good, access_token: '' }, 'sent an answer without an access token'],
      [{ ...good, access_token: 7 }, 'sent an answer without an access token'],
      [{ access_token: 'tok' }, 'sent a token without a type'],
      [{ ...good, token_type: 'mac\u0000\n ' }, 'sent a token of the unknown type “mac”'],
      [{ ...good, token_type: 7 }, 'sent a token without a type'],
      [{ ...good, access_token: 'a\nb: c' }, 'sent an access token that'],
    ];
    for (const [answer, message] of none)
      expect(await refusal(answer)).toEqual([
        'unreadable',
        200,
        undefined,
        expect.stringContaining(message),
        undefined,
      ]);
  });

  it('may leave out the type, or keep the token inside, where the service is known for it', async () => {
    const typed = { ...good, access_token: 'tok' };
    expect(await read({ access_token: 'tok' }, { quirks: { tokenType: 'bearer' } })).toEqual(typed);
    expect(await read({ ...good, token_type: 'bot' }, { quirks: { tokenType: 'bearer' } })).toEqual(typed);
    const quirks: Quirks = { nestedToken: 'person', tokenType: 'bearer' };
    expect(await read({ person: { access_token: 'inner' }, team: 1 }, { quirks })).toMatchObject({
      access_token: 'inner',
      team: 1,
    });
    expect(await read({ ...good, person: { access_token: 'inner' } }, { quirks })).toMatchObject({
      access_token: 'tok',
    });
    for (const person of ['text', null, undefined])
      expect((await refusal({ person }, { quirks }))[3]).toBe('sent an answer without an access token');
    const elsewhere = await refusal({ person: { access_token: 'inner', token_type: 'Bearer' } });
    expect(elsewhere[3]).toBe('sent an answer without an access token');
  });

  it('may be a form, where the service is known for it', async () => {
    const form = 'access_token=tok&token_type=bearer&scope=a%20b';
    const type = 'application/x-www-form-urlencoded; charset=utf-8';
    expect(await read(form, { type, quirks: { formEncoded: true } })).toMatchObject({
      access_token: 'tok',
      scope: 'a b',
    });
    expect((await refusal(form, { type }))[0]).toBe('unreadable');
    expect((await refusal(form, { quirks: { formEncoded: true } }))[0]).toBe('unreadable');
    expect(await read(good, { quirks: { formEncoded: true } })).toEqual(good);
  });
});

describe('what is no answer', () => {
  it('is told by what it is', async () => {
    const nones: [string, Parts, string][] = [
      ['', {}, 'an empty answer'],
      ['<html><body>tok</body>', {}, 'a web page'],
      ['\n <!DOCTYPE html>', {}, 'a web page'],
      ['Sign in', { type: 'text/html' }, 'a web page'],
      ['a <html', {}, 'something that is not JSON'],
      ['tok', {}, 'something that is not JSON'],
      ['[]', {}, 'something that is not JSON'],
      ['null', {}, 'something that is not JSON'],
      ['"tok"', {}, 'something that is not JSON'],
    ];
    const untyped = new Response(new TextEncoder().encode('tok'), { status: 200 });
    await expect(tokenAnswer(untyped, { formEncoded: true })).rejects.toThrow('something that is not JSON');
    for (const [body, parts, what] of nones)
      expect([body, await refusal(body, parts)]).toEqual([
        body,
        ['unreadable', 200, undefined, `sent ${what} instead of tokens (HTTP 200)`, undefined],
      ]);
  });

  it.each([
    [400, 'refused'],
    [404, 'refused'],
    [429, 'rate_limited'],
    [499, 'refused'],
    [500, 'failed'],
    [503, 'failed'],
  ])('with HTTP %i it is %s', async (status, fault) => {
    expect(await refusal('x', { status })).toEqual([fault, status, undefined, expect.any(String), undefined]);
    expect((await refusal({}, { status }))[0]).toBe(fault);
  });

  it('is a redirect as well, which is not read', async () => {
    await expect(tokenAnswer(new Response(null, { status: 302 }))).rejects.toMatchObject({ fault: 'unreadable' });
    for (const status of [300, 307, 399]) {
      let cancelled = false;
      const cancel = () => {
        cancelled = true;
      };
      const body = new ReadableStream({ pull: (controller) => controller.close(), cancel }, { highWaterMark: 0 });
      const answer = tokenAnswer(new Response(body, { status, headers: { location: 'https://evil.example/' } }));
      await expect(answer).rejects.toMatchObject({
        fault: 'unreadable',
        status,
        message: 'sent a redirect instead of tokens',
      });
      expect(cancelled).toBe(true);
    }
  });
});

describe('a refusal', () => {
  it.each([
    ['invalid_grant', 400, 'grant'],
    ['invalid_client', 401, 'client'],
    ['invalid_client', 400, 'client'],
    ['unauthorized_client', 400, 'client'],
    ['invalid_request', 400, 'refused'],
    ['invalid_scope', 400, 'refused'],
    ['invalid_scope', 401, 'refused'],
    ['unsupported_grant_type', 401, 'refused'],
    ['invalid_request', 500, 'refused'],
    ['temporarily_unavailable', 400, 'failed'],
    ['server_error', 400, 'failed'],
    ['something_else', 400, 'refused'],
    ['something_else', 401, 'client'],
    ['something_else', 429, 'rate_limited'],
    ['something_else', 502, 'failed'],
    ['something_else', 200, 'unreadable'],
  ])('by %s with HTTP %i is %s', async (error, status, fault) => {
    expect((await refusal({ error }, { status })).slice(0, 3)).toEqual([fault, status, error]);
  });

  it('says in one line what the service said, and how long to wait', async () => {
    const told = { error: 'invalid_grant', error_description: ' Used\u0000\nbefore. . ' };
    expect(await refusal(told, { status: 400, headers: { 'retry-after': '7' } })).toEqual([
      'grant',
      400,
      'invalid_grant',
      'does not accept what it was given for a token (invalid_grant: Used before)',
      7_000,
    ]);
    const sentences: [Parts & { error?: unknown; error_description?: unknown }, string][] = [
      [{ status: 401 }, 'does not accept the client ID and secret (HTTP 401)'],
      [{ status: 400, error_description: 7 }, 'refuses the request (HTTP 400)'],
      [{ status: 429 }, 'asks for fewer requests (HTTP 429)'],
      [{ status: 500, error: 'server_error' }, 'failed (server_error)'],
      [{ status: 200, error: 'odd' }, 'refuses the request (odd)'],
      [{ status: 400, error: 'with blanks <b>', error_description: 'No' }, 'refuses the request (No)'],
      [{ status: 400, error: 'x'.repeat(61) }, 'refuses the request (HTTP 400)'],
      [{ status: 400, error: { code: 1 } }, 'refuses the request (HTTP 400)'],
    ];
    for (const [{ status, error, error_description }, message] of sentences)
      expect((await refusal({ error, error_description }, { status }))[3]).toBe(message);
    expect((await refusal({ error: 'x'.repeat(60) }, { status: 400 }))[2]).toBe('x'.repeat(60));
  });

  it('counts with HTTP 200 too, unless there is a token beside it', async () => {
    expect((await refusal({ error: 'invalid_grant' }))[0]).toBe('grant');
    expect((await refusal({ error: 'invalid_grant', access_token: 7 }))[0]).toBe('grant');
    expect(await read({ ...good, error: 'a warning' })).toMatchObject({ access_token: 'tok' });
    expect((await refusal({ ...good, error: 'invalid_grant' }, { status: 400 }))[0]).toBe('refused');
  });

  it('may be said in the service’s own way', async () => {
    const quirks: Quirks = { errorsAs200: 'ok_false', errorCodes: { bad_code: 'invalid_grant' } };
    expect((await refusal({ ok: false, error: 'bad_code', access_token: 'tok' }, { quirks }))[0]).toBe('grant');
    expect((await refusal({ ...good, ok: false }, { quirks })).slice(0, 3)).toEqual(['unreadable', 200, undefined]);
    expect(await read({ ...good, ok: true }, { quirks })).toMatchObject(good);
    expect(await read({ ...good, ok: false })).toMatchObject(good);
  });
});
