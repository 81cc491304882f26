import { describe, expect, it } from 'vitest';
import { handleCandidates, handleFrom } from '../../../src/services/connectors/handles.ts';

describe('handles', () => {
  it.each([
    ['Company blog', 'company-blog'],
    ['Büro Slack!', 'buro-slack'],
    ['  --Ünïcode__ & more--  ', 'unicode-more'],
    ['日本語', 'fallback'],
    ['💥', 'fallback'],
    ['Straße', 'stra-e'],
    ['x'.repeat(255), 'x'.repeat(32)],
    [`${'a'.repeat(31)} b`, 'a'.repeat(31)],
  ])('makes an ASCII handle of %j', (name, handle) => {
    expect(handleFrom(name, 'fallback')).toBe(handle);
  });

  it('numbers what is taken, within 32 characters and the allowed signs', () => {
    expect(handleCandidates('blog', 3)).toEqual(['blog', 'blog-2', 'blog-3']);
    const long = handleCandidates('x'.repeat(32), 1000);
    expect(new Set(long).size).toBe(1000);
    for (const handle of long) expect(handle).toMatch(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
  });
});
