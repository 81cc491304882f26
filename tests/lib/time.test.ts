import { describe, expect, it } from 'vitest';
import { absoluteTime, ago, relativeTime } from '../../src/lib/time.ts';

const now = new Date('2026-11-21T12:00:00Z');
const earlier = (seconds: number) => new Date(now.getTime() - seconds * 1000);

describe('relative time', () => {
  it.each([
    [0, 'just now'],
    [59, 'just now'],
    [60, '1 minute ago'],
    [3599, '59 minutes ago'],
    [3600, '1 hour ago'],
    [86_399, '23 hours ago'],
    [86_400, 'yesterday'],
    [12 * 86_400, '12 days ago'],
    [30 * 86_400, 'last month'],
    [800 * 86_400, '2 years ago'],
    [-30, 'just now'],
    [-120, 'in 2 minutes'],
    [-7 * 86_400 + 30, 'in 7 days'],
    [-6.5 * 86_400, 'in 6 days'],
  ])('%i seconds before reads “%s”', (seconds, text) => {
    expect(relativeTime(earlier(seconds), now)).toBe(text);
  });

  it('tells the full time in UTC', () => {
    expect(absoluteTime(new Date('2026-11-21T02:48:34Z'))).toBe('21 November 2026 at 02:48 UTC');
  });

  it('makes an element for machines and people', () => {
    expect(ago(earlier(300), now)).toBe(
      '<time datetime="2026-11-21T11:55:00.000Z" title="21 November 2026 at 11:55 UTC">5 minutes ago</time>',
    );
  });
});
