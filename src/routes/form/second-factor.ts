import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { qrCode } from '../../lib/qr-code.ts';
import {
  confirmSecondFactorSetup,
  type Proof,
  removeSecondFactor,
  renewRecoveryCodes,
  showSecondFactor,
  startSecondFactorSetup,
} from '../../services/people/second-factor.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, page } from '../page.ts';
import { hereOf } from '../pages/account.ts';
import { settingsNav } from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { SecondFactorPage } from '../view-models/account.ts';

const base = { path: paths.secondFactor, role: 'member', audit: null } as const;
const codes = { ...base, path: paths.recoveryCodes } as const;

/** Setting up and removing the second factor of one's own account. */
export const secondFactorForms = (tools: PageTools): PageRoute[] => [
  page({ ...base, method: 'get', example: {} }, (ctx, c) => secondFactorPage(tools, ctx, c)),
  page({ ...base, method: 'post', example: {} }, async (ctx, c) => {
    await startSecondFactorSetup(ctx);
    return tools.redirect(c, paths.secondFactor);
  }),
  page({ ...base, method: 'post', path: paths.secondFactorConfirmation, example: {} }, (ctx, c) =>
    orAgain(secondFactorPage, tools, ctx, c, async () => {
      const { codes } = await confirmSecondFactorSetup(ctx, hereOf(c), await proofOf(c));
      return show(tools, ctx, c, { state: 'codes', codes, renewed: false });
    }),
  ),
  page({ ...codes, method: 'get', example: {} }, (ctx, c) => recoveryCodesPage(tools, ctx, c)),
  page({ ...codes, method: 'post', example: {} }, (ctx, c) =>
    orAgain(recoveryCodesPage, tools, ctx, c, async () => {
      const made = await renewRecoveryCodes(ctx, hereOf(c), await proofOf(c));
      return show(tools, ctx, c, { state: 'codes', codes: made.codes, renewed: true });
    }),
  ),
  page({ ...base, method: 'delete', example: {} }, (ctx, c) =>
    orAgain(secondFactorPage, tools, ctx, c, async () => {
      await removeSecondFactor(ctx, hereOf(c), await proofOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', text: 'Your second factor is switched off.' });
      return tools.redirect(c, paths.account);
    }),
  ),
];

async function proofOf(c: Context<Env>): Promise<Proof> {
  const fields = await formFields(c);
  return { current_password: fields?.get('current_password'), code: fields?.get('code') };
}

type Again = typeof secondFactorPage;

async function orAgain(
  again: Again,
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  change: () => Promise<Response>,
): Promise<Response> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return again(tools, ctx, c, error.errors);
  }
}

async function secondFactorPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  errors: FieldErrors = {},
): Promise<Response> {
  const factor = await showSecondFactor(ctx, c.get('session')?.user.email ?? '');
  if (factor.state === 'off') return tools.redirect(c, paths.account);
  if (factor.state === 'on') return show(tools, ctx, c, factor, errors);
  const { secret, uri } = factor;
  const svg = await qrCode(uri, 'QR code for the authenticator app');
  return show(tools, ctx, c, { state: 'unconfirmed', secret: secret.replace(/(.{4})(?=.)/g, '$1 '), svg }, errors);
}

async function recoveryCodesPage(...[tools, ctx, c, errors]: Parameters<Again>): Promise<Response> {
  const { state } = await showSecondFactor(ctx, c.get('session')?.user.email ?? '');
  return state === 'on' ? show(tools, ctx, c, { state: 'renewal' }, errors) : tools.redirect(c, paths.account);
}

async function show(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  factor: SecondFactorPage['factor'],
  errors: FieldErrors = {},
): Promise<Response> {
  const shell = await tools.shell(c, ctx, { title: 'Second factor', tab: null });
  const model = { shell, nav: settingsNav(ctx, paths.account), page: { tenantId: ctx.tenantId, errors, factor } };
  return tools.html(c, 'account/second-factor', model, Object.keys(errors).length ? 422 : 200);
}
