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

  learn(token: string, { upstream = token, ...about }: Learned) {
    this.known.set(token, { ...about, upstream, state: 'active' });
  }

  find(token: string): KnownToken | undefined {
    return this.known.get(token);
  }

  clear() {
    this.known.clear();
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
    return this.change(match, (known) => {
      known.state = 'revoked';
    });
  }

  expire(match: TokenMatch): number {
    return this.change(match, (known) => {
      known.state = 'expired';
    });
  }

  /** @throws when no token of that account is known */
  reassign(match: TokenMatch, to: string): number {
    const of = [...this.known.values()].find(({ account }) => account === to);
    if (!of) throw new Error(`No token of ${to} is known.`);
    const { upstream } = of;
    return this.change(match, (known) => {
      known.account = to;
      known.upstream = upstream;
    });
  }

  private change({ token, account, kind }: TokenMatch, change: (known: Known) => void): number {
    const matching = [...this.known].filter(
      ([value, known]) =>
        known.state === 'active' &&
        (token === undefined || token === value || token === digest(value)) &&
        (account === undefined || account === known.account) &&
        (kind === undefined || kind === known.kind),
    );
    for (const [, known] of matching) change(known);
    return matching.length;
  }
}
