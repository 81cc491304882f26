import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';
import { addressBucket, addressList, clientAddress } from '../../src/lib/client-address.ts';

const none = addressList([]);
const proxies = addressList(['10.0.0.0/8', '::1', 'fd00::/8']);

describe('clientAddress', () => {
  it('believes no header when nobody is trusted', () => {
    expect(clientAddress('203.0.113.7', '1.2.3.4', none)).toBe('203.0.113.7');
    expect(clientAddress('203.0.113.7', '1.2.3.4', proxies)).toBe('203.0.113.7');
  });

  it('takes the first address from the right that is no proxy', () => {
    expect(clientAddress('10.0.0.1', '1.2.3.4', proxies)).toBe('1.2.3.4');
    expect(clientAddress('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.9.9.9', proxies)).toBe('1.2.3.4');
    expect(clientAddress('::1', '2001:db8::5', proxies)).toBe('2001:db8::5');
    expect(clientAddress('::ffff:10.0.0.1', '1.2.3.4:5678', proxies)).toBe('1.2.3.4');
  });

  it('stops at what is no address', () => {
    expect(clientAddress('10.0.0.1', '1.2.3.4, unknown', proxies)).toBe('10.0.0.1');
    expect(clientAddress('10.0.0.1', '', proxies)).toBe('10.0.0.1');
    expect(clientAddress('10.0.0.1', "'; drop table users", proxies)).toBe('10.0.0.1');
    expect(clientAddress('10.0.0.1', undefined, proxies)).toBe('10.0.0.1');
  });

  it('is null without a peer', () => {
    expect(clientAddress(undefined, '1.2.3.4', proxies)).toBeNull();
  });

  it('unwraps IPv4 in IPv6 and drops zones', () => {
    expect(clientAddress('::ffff:192.0.2.1', undefined, none)).toBe('192.0.2.1');
    expect(clientAddress('fe80::1%eth0', undefined, none)).toBe('fe80::1');
  });
});

describe('addressBucket', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::6', '2001:db8:1:2::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [null, 'unknown'],
  ])('%s counts as %s', (address, bucket) => {
    expect(addressBucket(address)).toBe(bucket);
  });
});

it.each(['10.0.0.0/33', 'fd00::/129', 'example.com', '10.0.0.0/8/8', '10.0.0.0/x', ''])(
  'refuses the range %s',
  (entry) => {
    expect(() => addressList([entry])).toThrow('neither an address nor a range');
  },
);

describe('TRUSTED_PROXIES', () => {
  it('is a list of addresses and ranges', () => {
    expect(readConfig({}).trustedProxies).toEqual([]);
    expect(readConfig({ TRUSTED_PROXIES: ' 10.0.0.0/8, ::1 ,' }).trustedProxies).toEqual(['10.0.0.0/8', '::1']);
  });

  it('stops the start when an entry is neither, and names it', () => {
    expect(() => readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, proxy.local' })).toThrow(ConfigError);
    expect(() => readConfig({ TRUSTED_PROXIES: 'proxy.local' })).toThrow(
      '"proxy.local" is neither an address nor a range',
    );
  });
});
