import { describe, expect, it } from 'vitest';
import { qrCode } from '../../src/lib/qr-code.ts';
import { newTotpSecret, totpStep, totpUri } from '../../src/lib/totp.ts';

/** The secret of RFC 6238, appendix B, in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('codes', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ])('are those of the standard at %d s', async (seconds, code) => {
    expect(await totpStep(secret, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it('count in the step before and after, and no further', async () => {
    const at = 1_111_111_109_000;
    const steps = [];
    for (const shift of [-60, -30, 30, 60]) steps.push(await totpStep(secret, '081804', at + shift * 1000));
    const step = Math.floor(at / 30_000);
    expect(steps).toEqual([null, step, step, null]);
  });

  it.each(['', '08180', '0818040', 'abcdef'])('refuse %j', async (code) => {
    expect(await totpStep(secret, code, 1_111_111_109_000)).toBeNull();
  });
});

it('new secrets differ, and hold 160 bits', async () => {
  const [one, two] = [await newTotpSecret(), await newTotpSecret()];
  expect(one).toMatch(/^[A-Z2-7]{32}$/);
  expect(one).not.toBe(two);
});

it('the address for apps names Patchbay and the account', async () => {
  const uri = new URL(await totpUri(secret, 'ada+x@example.com'));
  expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
    'otpauth:',
    'totp',
    expect.stringContaining('ada+x@example.com'),
  ]);
  expect(uri.searchParams.get('secret')).toBe(secret);
  expect(uri.searchParams.get('issuer')).toBe('Patchbay');
});

it('a QR code is an image with a name, and needs no style', async () => {
  const svg = await qrCode(await totpUri(secret, 'ada@example.com'), 'A "code"');
  expect(svg).toMatch(/^<svg [^>]*role="img" aria-label="A &quot;code&quot;"/);
  expect(svg).not.toMatch(/style|<script/);
  expect(svg.length).toBeLessThan(60_000);
});
