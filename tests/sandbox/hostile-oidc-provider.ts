import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one token is made; everything that is not said is right. */
export interface Forgery {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** `other`: a key that nobody published. `secret`: HMAC with the client's secret. `none`: no signature at all. */
  key?: 'published' | 'other' | 'secret' | 'none';
  /** Changes the token once it is signed. */
  spoil?(token: string): string;
}

type Part = 'discovery' | 'token' | 'jwks' | 'userinfo';
type Reply = (res: ServerResponse, req: IncomingMessage) => void;

export interface HostileProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** What the next ID tokens look like. */
  forgery: Forgery;
  /** What stands in the place of an answer, by part. */
  instead: Partial<Record<Part, Reply>>;
  /** Members of the discovery document that differ. */
  metadata: Record<string, unknown>;
  userinfo: Record<string, unknown>;
  /** The nonce that the browser was sent with; goes into tokens. */
  nonce: string;
  /** Requests so far, with bodies: `POST /token grant_type=…`. */
  asked: string[];
  /** Publishes another key from now on. */
  rotate(): void;
  reset(): void;
  close(): Promise<void>;
}

export const answer =
  (status: number, type: string, body: string): Reply =>
  (res) =>
    res.writeHead(status, { 'content-type': type }).end(body);

const json = (body: unknown) => answer(200, 'application/json', JSON.stringify(body));
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A provider that signs what it is told to, right or wrong. It has no sign-in page: tests come back with any code. */
export async function startHostileProvider(port = 0): Promise<HostileProvider> {
  const server = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const other = rsa();
  let number = 1;
  let published = rsa();

  const at: HostileProvider = {
    issuer,
    clientId: 'patchbay',
    clientSecret: 'sso-secret-not-a-real-one-0123456789',
    forgery: {},
    instead: {},
    metadata: {},
    userinfo: {},
    nonce: '',
    asked: [],
    rotate: () => {
      published = rsa();
      number += 1;
    },
    reset: () => Object.assign(at, { forgery: {}, instead: {}, metadata: {}, userinfo: {}, asked: [] }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function token(): string {
    const { claims, header, key = 'published', spoil } = at.forgery;
    const now = Math.floor(Date.now() / 1000);
    const right = { iss: issuer, sub: 'mallory', aud: at.clientId, iat: now, exp: now + 300, nonce: at.nonce };
    const said = { email: 'mallory@acme.example', email_verified: true, name: 'Mallory' };
    const alg = { published: 'RS256', other: 'RS256', secret: 'HS256', none: 'none' }[key];
    const signed = `${base64url({ alg, typ: 'JWT', kid: `key-${number}`, ...header })}.${base64url({ ...right, ...said, ...claims })}`;
    const whole = `${signed}.${signatureOf(signed, key)}`;
    return spoil ? spoil(whole) : whole;
  }

  function signatureOf(text: string, key: NonNullable<Forgery['key']>): string {
    if (key === 'none') return '';
    if (key === 'secret') return createHmac('sha256', at.clientSecret).update(text).digest('base64url');
    return sign('sha256', Buffer.from(text), (key === 'other' ? other : published).privateKey).toString('base64url');
  }

  const replies: Record<Part, () => Reply> = {
    discovery: () =>
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        ...at.metadata,
      }),
    token: () => json({ access_token: 'access-token-of-mallory', token_type: 'Bearer', id_token: token() }),
    jwks: () => json({ keys: [publicJwk(published.publicKey, `key-${number}`)] }),
    userinfo: () => json({ sub: 'mallory', ...at.userinfo }),
  };

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await req.setEncoding('utf8').toArray();
    const path = new URL(req.url ?? '', issuer).pathname.slice(1);
    const part = (path.startsWith('.well-known/') ? 'discovery' : path) as Part;
    at.asked.push(`${req.method} /${part} ${req.headers.authorization ?? ''} ${body.join('')}`);
    if (!(part in replies)) return answer(404, 'text/plain', 'not here')(res, req);
    (at.instead[part] ?? replies[part]())(res, req);
  }
  return at;
}

const publicJwk = (key: KeyObject, kid: string) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: 'RS256',
});
