import { expect, it } from 'vitest';
import { auditKeyId, auditMac, newAuditKey, sameMac } from '../../src/vault/audit-mac.ts';

const key = newAuditKey();

it('makes keys of 256 bits, none twice, and names that tell nothing of them', () => {
  const other = newAuditKey();
  expect(Buffer.from(key, 'base64')).toHaveLength(32);
  expect(other).not.toBe(key);
  expect(auditKeyId(key)).toMatch(/^[0-9a-f]{16}$/);
  expect(auditKeyId(key)).not.toBe(auditKeyId(other));
});

it('depends on the key, on every text and on where one ends', () => {
  const mac = auditMac(key, ['ab', 'c']);
  expect(auditMac(key, ['ab', 'c'])).toBe(mac);
  for (const texts of [['a', 'bc'], ['abc'], ['ab', 'c', ''], ['c', 'ab'], ['ab'], []])
    expect([texts, auditMac(key, texts)]).not.toEqual([texts, mac]);
  expect(auditMac(newAuditKey(), ['ab', 'c'])).not.toBe(mac);
  // A length that is counted in characters could be forged with those of several bytes.
  expect(auditMac(key, ['é', ''])).not.toBe(auditMac(key, ['', 'é']));
});

it('compares whole seals only', () => {
  const mac = auditMac(key, ['ab']);
  expect(sameMac(mac, mac)).toBe(true);
  for (const found of [null, '', mac.slice(0, -1), `${mac}A`, auditMac(key, ['ba'])])
    expect(sameMac(found, mac)).toBe(false);
});
