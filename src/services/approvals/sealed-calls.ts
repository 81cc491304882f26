import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ApprovalRow } from '../../db/queries/approvals.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import type { Place } from '../../vault/vault.ts';
import type { Target } from '../calls/call-targets.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { existingTenantKeys, tenantKeys } from '../secrets/keyring.ts';
import type { ExecutionProblem } from '../tools/executions.ts';

/** The content of the envelope while a call waits. */
export interface WaitingCall {
  arguments: Values;
  /** The origins that its connector led to when it was asked for: it goes nowhere else. */
  destinations: string[];
  /** Whom it would have acted as then. */
  account: string | null;
}

/** The content after it ran. */
export interface KeptResult {
  status: 'succeeded' | 'failed' | 'outcome_unknown';
  data: unknown;
  error: ExecutionProblem | null;
  durationMs: number;
  attempts: number;
  /** More came than is kept. */
  cut?: true;
}

type Content = { call: WaitingCall } | { result: KeptResult };

const placeOf = (tenantId: string, rowId: string): Place => ({
  tenantId,
  table: 'approvals',
  rowId,
  field: 'sealed',
});

export async function sealContent(tx: Tx, ctx: Ctx, id: string, content: Content): Promise<string> {
  const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return ctx.hub.vault.seal(keys, placeOf(ctx.tenantId, id), JSON.stringify(content));
}

/** Null when there is none. @throws VaultError when it was damaged or belongs elsewhere */
export async function openContent(
  tx: Tx,
  ctx: Ctx,
  { id, sealed }: ApprovalRow,
): Promise<Partial<{ call: WaitingCall; result: KeptResult }>> {
  if (sealed === null) return {};
  const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return JSON.parse(ctx.hub.vault.open(keys, placeOf(ctx.tenantId, id), sealed));
}

/** What a call is tied to beside its arguments: what an admin agrees to is this service, as this account. */
export const tiesOf = (driver: LoadedDriver, { connector, connection }: Target): Omit<WaitingCall, 'arguments'> => ({
  destinations: destinationsOf(driver, connector).toSorted(),
  account: connection.externalAccountId,
});
