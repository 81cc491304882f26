import type { Context } from 'hono';
import { lookAtLink, startLink } from '../../services/authorizations/connect-links.ts';
import type { Env } from '../env.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { consentPage, orRefused, sendOff } from '../pages/authorizations.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { visitOf } from '../visit.ts';

const open = { path: paths.connectLink(':token'), role: 'public', example: {} } as const;
const tokenOf = (c: Context<Env>) => c.req.param('token') ?? '';

/** The page behind a connect link: for somebody without an account, so nothing of the hub is on it. */
export const connectLinkPages = (tools: PageTools): PageRoute[] => [
  publicPage({ ...open, method: 'get', audit: null }, (c) =>
    orRefused(tools, c, { next: null }, async () => {
      const consent = await lookAtLink(await visitOf(tools, c), tokenOf(c));
      return consentPage(tools, c, consent, paths.connectLink(tokenOf(c)));
    }),
  ),
  publicPage({ ...open, method: 'post', audit: 'authorization.started' }, (c) =>
    orRefused(tools, c, { next: null }, async () => sendOff(c, await startLink(await visitOf(tools, c), tokenOf(c)))),
  ),
];
