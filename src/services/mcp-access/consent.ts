import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import { insertApiKey } from '../../db/queries/api-keys.ts';
import { countConnectorsNamed, countOtherApps, insertTokens, markClientUsed } from '../../db/queries/mcp-apps.ts';
import { holdMembership } from '../../db/queries/members.ts';
import { selectSuspension } from '../../db/queries/tenants.ts';
import type { KeyLimits } from '../../db/schema/index.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { hashApiKey, newToken } from '../../lib/api-key-format.ts';
import { checkLimits } from '../api-keys/key-limits.ts';
import { recordAudit } from '../audit.ts';
import { withMembers } from '../people/with-members.ts';
import { suspended } from '../tenants/suspension.ts';
import { issuerOf } from './addresses.ts';
import type { AppRequest } from './app-request.ts';
import { hostOf, withAnswer } from './redirect-addresses.ts';

/** How long somebody may let an app in, in days. */
export const durations = ['30', '90', '365', 'never'] as const;

/** Tools that read; all, but what changes something waits for an admin; all. */
export const accesses = ['read', 'approved', 'all'] as const;

export interface AppChoices {
  /** Ids of the connectors that it may use; null for all, also later ones. */
  connectors: string[] | null;
  /** One of `accesses`. */
  access: string;
  /** One of `durations`. */
  duration: string;
}

const codeSeconds = 60;
/** Of one person at a time. */
const mostApps = 50;

/**
 * Lets the app in as this person, who may have chosen less than they may do themselves.
 * @returns where the browser goes, with a code that the app has a minute to turn into tokens
 * @throws AppError forbidden, suspended, quota_exceeded, invalid_input by field
 */
export async function allowApp(ctx: Ctx, request: AppRequest, choices: AppChoices): Promise<string> {
  const { client, redirectUri, challenge, scopes, state } = request;
  const { tenantId } = ctx;
  const { limits, expiresAt } = checkChoices(choices);
  const code = newToken('pbc');
  const id = uuidv7();
  await withMembers(ctx, async (tx) => {
    const member = ctx.actor.type === 'user' && ctx.actor.id && (await holdMembership(tx, tenantId, ctx.actor.id));
    if (!member || !ctx.actor.id) throw new AppError('forbidden', 'You are not a member of this workspace any more.');
    const stopped = await selectSuspension(tx, tenantId);
    if (stopped) throw suspended(stopped.name, stopped.reason);
    const named = limits.connectors ?? [];
    if ((await countConnectorsNamed(tx, tenantId, named)) < named.length)
      throw invalid({ connectors: ['Choose connectors of this workspace.'] });
    if ((await countOtherApps(tx, tenantId, member.id, client.id)) >= mostApps)
      throw new AppError(
        'quota_exceeded',
        `You have let in ${mostApps} apps, and there can be no more. Disconnect one that you do not use, under Agents in the settings.`,
        { extra: { max_apps: mostApps } },
      );
    await insertApiKey(tx, {
      tenantId,
      id,
      name: client.name,
      prefix: '',
      hash: null,
      clientId: client.id,
      clientHost: hostOf(redirectUri).slice(0, 255),
      memberId: member.id,
      role: 'member', // calling tools takes no more than that, whatever the person is
      scopes,
      limits,
      expiresAt,
      createdBy: ctx.actor.id,
      createdByName: ctx.actor.name,
    });
    await insertTokens(tx, [
      {
        tenantId,
        id: uuidv7(),
        apiKeyId: id,
        kind: 'code',
        hash: hashApiKey(code),
        redirectUri,
        codeChallenge: challenge,
        expiresAt: new Date(Date.now() + codeSeconds * 1000),
      },
    ]);
    await markClientUsed(tx, client.id);
    await recordAudit(tx, ctx, {
      action: 'mcp_app.allowed',
      subject: { type: 'api_key', id, name: client.name },
      details: {
        redirect: hostOf(redirectUri),
        scopes,
        expires_at: expiresAt?.toISOString() ?? null,
        ...(Object.keys(limits).length && { limits }),
      },
    });
  });
  return withAnswer(redirectUri, { code, state, iss: issuerOf(ctx.hub) });
}

/** Keeps the app out. @returns where the browser goes to tell it */
export async function refuseApp(ctx: Ctx, { client, redirectUri, state }: AppRequest): Promise<string> {
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    recordAudit(tx, ctx, {
      action: 'mcp_app.refused',
      subject: { type: 'mcp_client', id: client.id, name: client.name },
      details: { redirect: hostOf(redirectUri) },
    }),
  );
  return withAnswer(redirectUri, { error: 'access_denied', state, iss: issuerOf(ctx.hub) });
}

function checkChoices({ connectors, access, duration }: AppChoices): { limits: KeyLimits; expiresAt: Date | null } {
  const found: FieldErrors = {};
  const errors: FieldErrors = {};
  const limits = checkLimits(
    {
      connectors: connectors ?? [],
      read_only: access === 'read',
      approval: access === 'approved' ? 'writes' : 'none',
    },
    found,
  );
  if (connectors && (!connectors.length || Object.keys(found).length))
    errors.connectors = ['Choose at least one connector of this workspace, and at most 100.'];
  if (!accesses.some((each) => each === access)) errors.access = ['Choose what it may call.'];
  if (!durations.some((each) => each === duration)) errors.duration = ['Choose how long it may.'];
  if (Object.keys(errors).length) throw invalid(errors);
  const expiresAt = duration === 'never' ? null : new Date(Date.now() + Number(duration) * 86_400_000);
  return { limits, expiresAt };
}
