import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { addressBucket } from '../../lib/client-address.ts';
import { type Attempt, OidcError } from '../../lib/oidc.ts';
import { issueToken, useToken } from '../people/one-time-tokens.ts';
import { createSessions, type SessionDesk } from '../people/sessions.ts';
import { limit } from '../rate-limits.ts';
import { type Arrival, admit } from './admission.ts';
import { type Connecting, createConnecting } from './connecting.ts';
import { noted, type Step } from './entrance.ts';
import { explainFault, isEnough, providerClient, readClaims } from './provider.ts';

export interface SingleSignOn extends Connecting {
  /** What the provider is called; null when the hub has none. */
  name: string | null;
  /**
   * Where to send the browser, with the cookie that binds the attempt to it.
   * @param next a path of the hub, checked by the caller
   * @throws AppError not_found without a provider, rate_limited, unavailable
   */
  begin(next: string, step: Step): Promise<{ url: string; setCookies: string[] }>;
  /**
   * The way back: the answer of the provider, in the query of the one address that it may send people to.
   * @throws AppError not_signed_in, forbidden, unavailable; nobody is signed in then
   */
  complete(answer: URLSearchParams, step: Step): Promise<Arrival>;
}

/** An attempt as the database keeps it, under the hash of its state. */
interface Begun {
  /** The hash of what the browser's cookie holds. */
  browser: string;
  seed: string;
  next: string;
}

const purpose = 'single-sign-on';
/** How long people may take at the provider. */
const minutes = 10;
/** Below BASE_URL; the provider has to know it. */
const callbackPath = '/api/auth/callback/sso';

/** Sign-in by an OpenID Connect provider, for one app. */
export function createSingleSignOn(hub: Hub): SingleSignOn {
  const settings = hub.config.singleSignOn;
  if (!settings) return { name: null, begin: nothing, complete: nothing, lookAtConnection: nothing, connect: nothing };
  const desk = createSessions(hub);
  const client = providerClient(settings, hub.config);

  return {
    name: settings.name,
    ...createConnecting(hub, settings, desk),

    async begin(next, step) {
      await limitStarts(hub, step);
      // Tabs of one browser share the cookie, so that one does not end what another has begun.
      const browser = (await desk.readAside(purpose, step.headers)) ?? randomText();
      const begun: Begun = { browser: hash(browser), seed: randomText(), next };
      const state = await hub.db.system.transaction((tx) => issueToken(tx, purpose, JSON.stringify(begun), minutes));
      const attempt = await attemptOf(hub, desk, { state, browser, seed: begun.seed });
      const url = await client.authorizationUrl(attempt).catch(explaining(hub, settings, step));
      const { href } = hub.config.outbound.overrides.forward(url);
      return { url: href, setCookies: [await desk.issueAside(purpose, browser, minutes * 60)] };
    },

    async complete(answer, step) {
      const states = answer.getAll('state');
      const [state = ''] = states;
      const value = states.length === 1 ? await useToken(hub.db.system, purpose, state) : null;
      if (!value) throw noted(hub, step, usedOrLate(), 'unknown_state');
      const begun: Begun = JSON.parse(value);
      const browser = await desk.readAside(purpose, step.headers);
      if (!browser || hash(browser) !== begun.browser) throw noted(hub, step, otherBrowser(), 'other_browser');
      const attempt = await attemptOf(hub, desk, { state, browser, seed: begun.seed });
      const claims = await client.redeem(attempt, answer, isEnough(settings)).catch(explaining(hub, settings, step));
      return admit(hub, settings, desk, readClaims(claims, settings), { ...step, next: begun.next });
    },
  };
}

const nothing = () =>
  Promise.reject(new AppError('not_found', 'Single sign-on is not set up on this hub. Sign in with your password.'));

/** Nonce and PKCE verifier are derived: neither the database nor the browser alone holds enough to make them. */
async function attemptOf(
  { config }: Hub,
  desk: SessionDesk,
  { state, browser, seed }: { state: string; browser: string; seed: string },
): Promise<Attempt> {
  const secret = await desk.secret();
  const derived = (what: string) =>
    createHmac('sha256', secret).update(`${what}:${seed}:${browser}`).digest('base64url');
  return { redirectUri: config.baseUrl + callbackPath, state, nonce: derived('nonce'), verifier: derived('verifier') };
}

/** Everybody may begin, and each time a row is written. */
async function limitStarts(hub: Hub, { ip }: Step): Promise<void> {
  const { allowed, retryAfter } = await limit(hub, { key: `single-sign-on:${addressBucket(ip)}`, rate: 30, per: 60 });
  if (allowed) return;
  throw new AppError('rate_limited', `Too many tries to sign in. Try again in ${retryAfter} seconds.`, { retryAfter });
}

/** Turns what went wrong at the provider into a sentence, and leaves the reason in the log. */
const explaining = (hub: Hub, settings: SingleSignOnConfig, step: Step) => (error: unknown) => {
  if (!(error instanceof OidcError)) throw error;
  throw noted(hub, step, explainFault(error, settings.name), error.fault, { said: error.message });
};

const randomText = () => randomBytes(24).toString('base64url');
const hash = (text: string) => createHash('sha256').update(text).digest('base64url');

const usedOrLate = () =>
  new AppError('not_signed_in', `This sign-in was used already, or took longer than ${minutes} minutes. Start again.`);

const otherBrowser = () =>
  new AppError(
    'not_signed_in',
    'This sign-in was begun in another browser, or this one keeps no cookies. Start again here.',
  );
