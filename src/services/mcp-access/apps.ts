import { type Ctx, mayActAs, requirePerson } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApiKeyRow, findApiKey } from '../../db/queries/api-keys.ts';
import { type McpApp, selectApps } from '../../db/queries/mcp-apps.ts';
import { notFound } from '../../errors.ts';
import { withMembers } from '../people/with-members.ts';
import { endApp } from './tokens.ts';

/** The apps that are let in: one’s own, and for owners and admins everybody’s. Newest first. */
export async function listApps(ctx: Ctx): Promise<McpApp[]> {
  requirePerson(ctx, 'see connected apps');
  return withMembers(ctx, (tx) => selectApps(tx, ctx.tenantId, mayActAs(ctx.actor, 'admin') ? null : ctx.actor.id));
}

/** @throws AppError forbidden, not_found for what is no app, or somebody else’s */
export async function getApp(ctx: Ctx, id: string): Promise<ApiKeyRow> {
  requirePerson(ctx, 'see connected apps');
  return withMembers(ctx, (tx) => mustFind(tx, ctx, id));
}

/** Ends what the app may do, at its next request. Again changes nothing. @throws AppError forbidden, not_found */
export async function disconnectApp(ctx: Ctx, id: string): Promise<ApiKeyRow> {
  requirePerson(ctx, 'disconnect apps');
  return withMembers(ctx, async (tx) => {
    const app = await mustFind(tx, ctx, id);
    await endApp(tx, ctx, app, 'disconnected');
    return app;
  });
}

async function mustFind(tx: Tx, ctx: Ctx, id: string): Promise<ApiKeyRow> {
  const app = await findApiKey(tx, ctx.tenantId, id);
  const theirs = app?.clientId && (app.createdBy === ctx.actor.id || mayActAs(ctx.actor, 'admin'));
  if (!app || !theirs) throw notFound('app');
  return app;
}
