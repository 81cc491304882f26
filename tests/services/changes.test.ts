import { expect, it } from 'vitest';
import { changedFields } from '../../src/services/changes.ts';

const sealed = (text: string) => ({ $sealed: text, updated_at: '2026-01-01T00:00:00Z' });
const before = {
  name: 'Blog',
  tags: ['a'],
  config: { site_url: 'https://a.example', tls: { ca: 'x' } },
  auth: { method: 'basic', password: sealed('1') },
};

it('names what changed, and never a value', () => {
  expect(changedFields(before, structuredClone(before))).toEqual([]);
  const after = {
    name: 'Blog 2',
    tags: ['a', 'b'],
    config: { tls: { ca: 'y', server_name: 'z' } },
    auth: { method: 'basic', password: sealed('2') },
  };
  expect(changedFields(before, after)).toEqual([
    'name',
    'tags',
    'config.site_url',
    'config.tls.ca',
    'config.tls.server_name',
    'auth.password',
  ]);
});
