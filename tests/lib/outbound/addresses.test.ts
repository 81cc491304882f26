import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListed, isPublicAddress, mayConnect, parseAllowedHosts } from '../../../src/lib/outbound/addresses.ts';
import { anyText, figure, seed, tries } from '../../security/measure.ts';

const runs = { numRuns: tries(500), seed };
const none = parseAllowedHosts('');
const everything = parseAllowedHosts('0.0.0.0/0,::/0');
const reached = (address: string, allowed = none, port = 443) =>
  mayConnect({ host: address, address, port }, allowed, 3000);

/** Ranges of IPv4 that are nobody's on the internet (RFC 6890 and the registry of special addresses). */
const special: [string, number][] = [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as [string, number][]),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
  ] as [string, number][]),
  ...([
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as [string, number][]),
];
const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const addressOf = (number: number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
const inside = fc
  .constantFrom(...special)
  .chain(([start, bits]) => fc.nat({ max: 2 ** (32 - bits) - 1 }).map((offset) => addressOf(numberOf(start) + offset)));

const wrapped = (address: string) => {
  const hex = numberOf(address).toString(16).padStart(8, '0');
  const [high, low] = [hex.slice(0, 4), hex.slice(4)];
  return [
    `::ffff:${address}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::${address}`,
    `::${high}:${low}`,
    `64:ff9b::${address}`,
    `64:ff9b:1::${high}:${low}`,
    `2002:${high}:${low}::1`,
  ];
};

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9](\.[a-z]{2,6}){1,3}$/);

describe('an address that is nobody’s on the internet', () => {
  it('is not reached, plain or wrapped up in IPv6', () => {
    let tried = 0;
    fc.assert(
      fc.property(inside, (address) => {
        for (const each of [address, ...wrapped(address)]) {
          tried += 1;
          expect([each, isPublicAddress(each), reached(each)]).toEqual([each, false, false]);
        }
      }),
      runs,
    );
    figure(`0 of ${tried} special addresses count as public`);
  });

  it('of IPv6 is not reached', () => {
    const word = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    const start = fc.constantFrom('fc00', 'fd12', 'fe80', 'febf', 'fec0', 'ff02', '100');
    fc.assert(
      fc.property(start, fc.array(word, { minLength: 7, maxLength: 7 }), (first, rest) => {
        expect(reached([first, ...rest].join(':'))).toBe(false);
      }),
      runs,
    );
    for (const each of ['::', '::1', '2001:db8::1', '2001::1', 'fd00:ec2::254'])
      expect([each, reached(each)]).toEqual([each, false]);
  });

  it('is reached when the operator allows it, but for the machine’s own credentials and the hub itself', () => {
    fc.assert(
      fc.property(inside, (address) => {
        const kept = /^(169\.254|0)\./.test(address) || address === '100.100.100.200';
        expect([address, reached(address, everything)]).toEqual([address, !kept]);
        if (address.startsWith('127.')) expect(reached(address, everything, 3000)).toBe(false);
      }),
      runs,
    );
  });
});

it('an address of anybody is reached', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), (number) => {
      const special32 = special.some(
        ([start, bits]) => Math.floor(number / 2 ** (32 - bits)) === Math.floor(numberOf(start) / 2 ** (32 - bits)),
      );
      fc.pre(!special32 && !/^(192\.88\.99|192\.31\.196|192\.52\.193|192\.175\.48)\./.test(addressOf(number)));
      expect([addressOf(number), reached(addressOf(number))]).toEqual([addressOf(number), true]);
    }),
    runs,
  );
});

it('what is no address is not reached', () => {
  fc.assert(
    fc.property(fc.oneof(anyText(), name), (text) => {
      fc.pre(!/^[\d.]+$|:/.test(text));
      expect(mayConnect({ host: text, address: text, port: 443 }, everything, 3000)).toBe(false);
    }),
    runs,
  );
});

it('a host that is allowed allows no other one', () => {
  fc.assert(
    fc.property(name, name, fc.integer({ min: 1, max: 65_535 }), (own, other, port) => {
      fc.pre(own !== other);
      const allowed = parseAllowedHosts(`${own}:${port}`);
      expect(isListed({ host: own, port }, allowed)).toBe(true);
      for (const each of [other, `${own}.${other}`, `x${own}`, `${own}.`])
        expect(isListed({ host: each, port }, allowed)).toBe(false);
      expect(isListed({ host: own, port: (port % 65_535) + 1 }, allowed)).toBe(false);
    }),
    runs,
  );
});
