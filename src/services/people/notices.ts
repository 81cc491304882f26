import type { Hub } from '../../context.ts';

/** How long a browser may take to bring a notice back. */
export const noticeSeconds = 60;

const name = 'notice';

/** Something for the next page to say, sealed: nobody but the hub makes one, and it counts for a minute. */
export function sealNotice({ vault }: Pick<Hub, 'vault'>, notice: unknown, now = Date.now()): string {
  const row = vault.sealForHub(name, JSON.stringify({ notice, until: now + noticeSeconds * 1000 }));
  return Buffer.from(JSON.stringify(row)).toString('base64url');
}

/** What was sealed; null for what somebody else made or changed, and for what is too old. */
export function openNotice({ vault }: Pick<Hub, 'vault'>, sealed: string, now = Date.now()): unknown {
  try {
    const { masterKeyId, sealed: text } = JSON.parse(Buffer.from(sealed, 'base64url').toString('utf8'));
    const { notice, until } = JSON.parse(vault.openForHub(name, { masterKeyId, sealed: text }));
    return until > now ? notice : null;
  } catch {
    return null;
  }
}
