import type { Payload } from 'oidc-provider';
import { digest, type TokenInfo, type TokenMatch } from './control.ts';
import type { TokenKeeper } from './front.ts';

const issuedKinds = ['AccessToken', 'RefreshToken', 'ClientCredentials'];
const now = () => Math.floor(Date.now() / 1000);

/** What an authorisation server remembers, in memory and apart from every other one; its tokens are within reach of the control. */
export class OauthStore implements TokenKeeper {
  private readonly models = new Map<string, Map<string, Payload>>();

  /** The provider's adapter for one of its models; expiry is looked at by the provider itself. */
  adapter = (model: string) => {
    const rows = this.model(model);
    const findBy = async (name: 'uid' | 'userCode', value: string) =>
      [...rows.values()].find((row) => row[name] === value);
    return {
      upsert: async (id: string, payload: Payload) => void rows.set(id, payload),
      find: async (id: string) => rows.get(id),
      findByUid: (uid: string) => findBy('uid', uid),
      findByUserCode: (code: string) => findBy('userCode', code),
      consume: async (id: string) => {
        const row = rows.get(id);
        if (row) row.consumed = now();
      },
      destroy: async (id: string) => void rows.delete(id),
      revokeByGrantId: async (grantId: string) => {
        for (const [id, row] of rows) if (row.grantId === grantId) rows.delete(id);
      },
    };
  };

  /** Adds or replaces a client while the server runs. */
  register(client: { client_id: string } & Record<string, unknown>) {
    this.model('Client').set(client.client_id, client);
  }

  clear() {
    for (const rows of this.models.values()) rows.clear();
  }

  list(): TokenInfo[] {
    return this.issued().map(({ kind, id, row }) => ({
      token: digest(id),
      kind,
      account: row.accountId ?? null,
      client_id: row.clientId ?? null,
      scopes: (row.scope ?? '').split(' ').filter(Boolean),
      state: stateOf(row),
    }));
  }

  revoke(match: TokenMatch): number {
    const matching = this.matching(match);
    for (const { kind, id } of matching) this.model(kind).delete(id);
    return matching.length;
  }

  expire(match: TokenMatch): number {
    const matching = this.matching(match);
    for (const { row } of matching) row.exp = now() - 1;
    return matching.length;
  }

  private model(name: string): Map<string, Payload> {
    const rows = this.models.get(name) ?? new Map<string, Payload>();
    this.models.set(name, rows);
    return rows;
  }

  private issued() {
    return issuedKinds.flatMap((kind) => [...this.model(kind)].map(([id, row]) => ({ kind, id, row })));
  }

  private matching({ token, account, kind }: TokenMatch) {
    return this.issued().filter(
      (each) =>
        stateOf(each.row) === 'active' &&
        (token === undefined || token === each.id || token === digest(each.id)) &&
        (account === undefined || account === each.row.accountId) &&
        (kind === undefined || kind === each.kind),
    );
  }
}

function stateOf({ consumed, exp = Number.POSITIVE_INFINITY }: Payload): TokenInfo['state'] {
  if (consumed) return 'revoked';
  return exp <= now() ? 'expired' : 'active';
}
