import type { Ctx } from '../../context.ts';
import { lookAtAuthorization, startAuthorization } from '../../services/authorizations/authorization-start.ts';
import { initiateAuthorization } from '../../services/authorizations/authorizations.ts';
import { startPath } from '../../services/connections/connection-addresses.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { consentPage, orRefused, sendOff } from '../pages/authorizations.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { visitOf } from '../visit.ts';

/** Beginning an authorisation, and agreeing to it. Whoever is not signed in is asked to first. */
export const authorizationForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'post',
      path: paths.authorizations,
      role: 'member',
      audit: 'authorization.requested',
      example: { form: { connector_id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78', user_id: 'me' } },
    },
    async (ctx, c) => {
      const { request } = await initiate(ctx, (await formFields(c)) ?? new Map());
      return tools.redirect(c, startPath(request.id));
    },
  ),
  page(
    { method: 'get', path: paths.authorizationStart(':id'), role: 'member', audit: null, example: {} },
    async (_ctx, c) =>
      orRefused(tools, c, {}, async () => {
        const consent = await lookAtAuthorization(await visitOf(tools, c), idOf(c));
        return consentPage(tools, c, consent, startPath(consent.request.id));
      }),
  ),
  page(
    {
      method: 'post',
      path: paths.authorizationStart(':id'),
      role: 'member',
      audit: 'authorization.started',
      example: {},
    },
    async (_ctx, c) =>
      orRefused(tools, c, {}, async () => sendOff(c, await startAuthorization(await visitOf(tools, c), idOf(c)))),
  ),
];

const initiate = (ctx: Ctx, fields: Pick<Map<string, string>, 'get'>) =>
  initiateAuthorization(ctx, {
    connectorId: fields.get('connector_id') ?? '',
    connectionId: fields.get('connection_id') || null,
    userId: fields.get('user_id') || null,
    toolkitSlug: fields.get('toolkit_slug') || null,
  });
