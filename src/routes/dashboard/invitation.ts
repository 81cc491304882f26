import type { Context } from 'hono';
import { AppError, type FieldErrors } from '../../errors.ts';
import { acceptInvitation, type Guest, readInvitation } from '../../services/people/acceptance.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

const open = { path: paths.acceptance(':token'), role: 'public', example: {} } as const;

/** The page behind an invitation's link. */
export const invitationPages = (tools: PageTools): PageRoute[] => [
  publicPage({ ...open, method: 'get', audit: null }, async (c) => show(tools, c, await guestOf(tools, c))),
  publicPage({ ...open, method: 'post', audit: 'invitation.accepted' }, (c) => accept(tools, c)),
];

const tokenOf = (c: Context<Env>) => c.req.param('token') ?? '';

async function guestOf({ identity }: PageTools, c: Context<Env>): Promise<Guest> {
  const session = await identity.readSession(c.req.raw.headers);
  return { user: session?.user ?? null, ip: c.get('ip'), requestId: c.get('requestId') };
}

async function show(
  tools: PageTools,
  c: Context<Env>,
  guest: Guest,
  { name = '', errors = {} }: { name?: string; errors?: FieldErrors } = {},
): Promise<Response> {
  const { next, tenantName, email, role } = await readInvitation(tools.hub, tokenOf(c), guest);
  const invitation = {
    token: tokenOf(c),
    next,
    tenantName,
    email,
    role,
    name,
    errors,
    signedIn: guest.user?.email ?? '',
  };
  return tools.html(c, 'invitations/show', { invitation }, Object.keys(errors).length ? 422 : 200);
}

async function accept(tools: PageTools, c: Context<Env>): Promise<Response> {
  const guest = await guestOf(tools, c);
  const fields = await formFields(c);
  const input = { name: fields?.get('name') ?? '', password: fields?.get('password') ?? '' };
  try {
    const joined = await acceptInvitation(tools.hub, tokenOf(c), guest, input);
    await enter(tools, c, joined, input.password);
    leaveNotice(c, tools.hub, { tone: 'ok', text: `Welcome to ${joined.tenantName}.` });
    return tools.redirect(c, paths.catalog);
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return show(tools, c, guest, { name: input.name, errors: error.errors });
  }
}

/** Into the workspace: with the session that there is, or with the password that was just set. */
async function enter(
  { identity }: PageTools,
  c: Context<Env>,
  { tenantId, email }: { tenantId: string; email: string },
  password: string,
): Promise<void> {
  const session = await identity.readSession(c.req.raw.headers);
  if (session) return identity.switchTenant(session, tenantId);
  const { setCookies } = await identity.signIn({
    email,
    password,
    ip: c.get('ip'),
    userAgent: c.req.header('user-agent') ?? null,
  });
  for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true });
}
