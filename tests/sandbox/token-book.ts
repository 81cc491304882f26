import { randomBytes } from 'node:crypto';
import { digest, type TokenInfo, type TokenMatch } from './control.ts';
import type { TokenKeeper } from './front.ts';

interface Known {
  kind: string;
  account: string;
  clientId: string | null;
  scopes: string[];
  state: TokenInfo['state'];
  /** What the emulator is shown instead; the token itself unless it was given to another account. */
  upstream: string;
}

export type KnownToken = Readonly<Known>;
type Learned = Pick<Known, 'kind' | 'account' | 'clientId' | 'scopes'> & { upstream?: string };

/** The tokens that a front lets through; emulators take any. */
export class TokenBook implements TokenKeeper {
  private readonly known = new Map<string, Known>();
  /** Refresh tokens that are still good, and the access token that each renews. */
  private readonly renewable = new Map<string, string>();

  learn(token: string, { upstream = token, ...about }: Learned) {
    this.known.set(token, { ...about, upstream, state: 'active' });
  }

  find(token: string): KnownToken | undefined {
    return this.known.get(token);
  }

  clear() {
    this.known.clear();
    this.renewable.clear();
  }

  /** A refresh token for this access token. */
  refreshTokenFor(token: string, prefix: string): string {
    const refresh = prefix + randomBytes(20).toString('hex');
    this.renewable.set(refresh, token);
    return refresh;
  }

  /** The access token that comes next, once for each refresh token; undefined when it is used up, revoked or unknown. */
  renew(refresh: string, prefix: string): { token: string; before: string; known: KnownToken } | undefined {
    const before = this.renewable.get(refresh) ?? '';
    const known = this.known.get(before);
    this.renewable.delete(refresh);
    if (!known || known.state === 'revoked') return undefined;
    const token = prefix + randomBytes(20).toString('hex');
    this.known.set(token, { ...known, state: 'active' });
    return { token, before, known };
  }

  list(): TokenInfo[] {
    return [...this.known].map(([token, { kind, account, clientId, scopes, state }]) => ({
      token: digest(token),
      kind,
      account,
      client_id: clientId,
      scopes,
      state,
    }));
  }

  revoke(match: TokenMatch): number {
    return this.change(match, ['active', 'expired'], (known) => {
      known.state = 'revoked';
    });
  }

  expire(match: TokenMatch): number {
    return this.change(match, ['active'], (known) => {
      known.state = 'expired';
    });
  }

  /** @throws when no token of that account is known */
  reassign(match: TokenMatch, to: string): number {
    const of = [...this.known.values()].find(({ account }) => account === to);
    if (!of) throw new Error(`No token of ${to} is known.`);
    const { upstream } = of;
    return this.change(match, ['active', 'expired'], (known) => {
      known.account = to;
      known.upstream = upstream;
    });
  }

  private change({ token, account, kind }: TokenMatch, states: string[], change: (known: Known) => void): number {
    const matching = [...this.known].filter(
      ([value, known]) =>
        states.includes(known.state) &&
        (token === undefined || token === value || token === digest(value)) &&
        (account === undefined || account === known.account) &&
        (kind === undefined || kind === known.kind),
    );
    for (const [, known] of matching) change(known);
    return matching.length;
  }
}
