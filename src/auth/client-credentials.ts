import type { ClientAuth } from 'openid-client';
import { type AuthorizationServer, askForTokens, type Granted, library } from './oauth2-code.ts';
import { TokenError } from './token-error.ts';

type Values = Record<string, unknown>;

/**
 * Asks for a token with the client's own credentials (RFC 6749, section 4.4; signed assertions: RFC 7523).
 * @param auth the opened fields of the auth method `client_credentials`
 * @throws TokenError, or what the way out throws
 */
export async function clientCredentialsGrant(auth: Values, fetch: AuthorizationServer['fetch']): Promise<Granted> {
  const oauth = await library();
  const token = String(auth.token_url);
  const metadata = { issuer: new URL(token).origin, token_endpoint: token };
  const config = new oauth.Configuration(metadata, String(auth.client_id), undefined, await clientAuth(auth));
  const parameters = {
    ...(auth.scope ? { scope: String(auth.scope) } : {}),
    ...(auth.audience ? { audience: String(auth.audience) } : {}),
  };
  const grantType = String(auth.grant_type ?? 'client_credentials');
  return askForTokens(oauth, config, { provider, fetch }, () =>
    oauth.genericGrantRequest(config, grantType, parameters),
  );
}

const provider = { scopeSeparator: ' ' } as const;

async function clientAuth(auth: Values): Promise<ClientAuth> {
  const oauth = await library();
  const secret = String(auth.client_secret ?? '');
  if (auth.client_authentication === 'post') return oauth.ClientSecretPost(secret);
  if (auth.client_authentication !== 'private_key_jwt') return oauth.ClientSecretBasic(secret);
  const key = await importKey(String(auth.private_key ?? ''), String(auth.signing_algorithm ?? 'RS256'));
  return oauth.PrivateKeyJwt(auth.key_id ? { key, kid: String(auth.key_id) } : key, {
    // RFC 7523, section 3: nothing but the endpoint's address is known of the server.
    [oauth.modifyAssertion]: (_header, payload) => {
      payload.aud = String(auth.token_url);
    },
  });
}

const algorithms: Record<string, Parameters<typeof crypto.subtle.importKey>[2]> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
};

/** PEM, PKCS #8. @throws TokenError when it is no key of this algorithm */
async function importKey(pem: string, algorithm: string): ReturnType<typeof crypto.subtle.importKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  try {
    return await crypto.subtle.importKey('pkcs8', der, algorithms[algorithm] ?? { name: '' }, false, ['sign']);
  } catch {
    // Without the cause: it may quote the key.
    throw new TokenError('client', `was not asked: the private key is no ${algorithm} key in PKCS #8`);
  }
}
