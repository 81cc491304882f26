import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What real keys look like. Examples that cannot be real say so: no entropy to speak of, or a word that gives them away. */
const shapes: Record<string, RegExp> = {
  'a key of this hub': /\bpb[kacr]_[0-9A-Za-z]{30,}/g,
  'a GitHub token': /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b/g,
  'a Slack token': /\bxox[abeoprs]-[A-Za-z0-9-]{20,}/g,
  'an OpenAI key': /\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}/g,
  'an Anthropic key': /\bsk-ant-[A-Za-z0-9_-]{32,}/g,
  'an AWS key': /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  'a Google key': /\bAIza[A-Za-z0-9_-]{35}\b/g,
  'a Google client secret': /\bGOCSPX-[A-Za-z0-9_-]{28}\b/g,
  'a Stripe key': /\b[rs]k_live_[A-Za-z0-9]{20,}/g,
  'an npm token': /\bnpm_[A-Za-z0-9]{36}\b/g,
  'a GitLab token': /\bglpat-[A-Za-z0-9_-]{20}\b/g,
  'a SendGrid key': /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b/g,
  'a private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}/g,
  'a signed token': /\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{20,}/g,
  'a password in an address': /\b[a-z][a-z0-9+]{2,12}:\/\/[^\s/:@'"`${}<>]{1,64}:[^\s/@'"`${}<>[\]]{12,64}@[\w.-]+/g,
};

/** Bits of each sign: what a machine has made has more than words and counting. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}

const confesses =
  /example|notareal|only|test|canary|demo|sandbox|fake|dummy|sample|patchbay|secret|password|token|wrong|0123456789|abcdef/i;

/** Keys in the files that git knows. @param reasons `file: shape` that are no keys, with the reason */
export function keysIn(root: string, reasons: Record<string, string>): { found: string[]; files: number } {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  const found = files.flatMap((file) =>
    keysOf(readFileSync(path.join(root, file), 'latin1'))
      .map((what) => `${file}: ${what}`)
      .filter((place) => !reasons[place]),
  );
  return { found, files: files.length };
}

/** What kinds of keys this text holds. */
export const keysOf = (text: string): string[] =>
  Object.entries(shapes).flatMap(([what, shape]) =>
    [...text.matchAll(shape)].some(([key]) => !confesses.test(key) && entropy(key) > 3.5) ? [what] : [],
  );
