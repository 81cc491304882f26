/** What became of a credential at the service that granted it. */
export interface Revocation {
  /** `none`: nothing was granted; `not_possible`: the service offers no way; `failed`: it may still be good there. */
  outcome: 'revoked' | 'none' | 'not_possible' | 'failed';
  /** For people: what happened, and what they can do themselves. */
  message: string;
  /** It failed by something that passes: trying again may help. */
  passing?: boolean;
}
