import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { decideApproval, listApprovals, listPending, type ShownApproval } from '../../services/approvals/approvals.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ApprovalsPage, DecidedApproval, PendingApproval } from '../view-models/approval.ts';

/** What waits for an admin, and what was decided about last. */
export const approvalPages = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.approvals, role: 'admin', audit: null, example: {} }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'see what waits for approval');
    const { value, failure } = await orFailure(Promise.all([listPending(ctx), listApprovals(ctx, { limit: 30 })]));
    const [pending, recent] = value ?? [];
    const model: ApprovalsPage = {
      pending: pending?.data.map(pendingView) ?? [],
      more: Boolean(pending?.nextCursor),
      decided: recent?.data.flatMap(decidedView) ?? [],
      failure,
    };
    const shell = await tools.shell(c, ctx, { title: 'Approvals', tab: 'activity' });
    return tools.html(c, 'approvals/index', { shell, page: model });
  }),
  page(
    {
      method: 'post',
      path: paths.approvalDecision(':id'),
      role: 'admin',
      audit: 'approval.refused',
      example: { form: { decision: 'refuse', note: 'Not before the release.' } },
    },
    (ctx, c) => decide(tools, ctx, c),
  ),
];

async function decide(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const fields = await formFields(c);
  const decision = fields?.get('decision') === 'approve' ? 'approve' : 'refuse';
  try {
    const { title, status } = await decideApproval(ctx, idOf(c), {
      decision,
      note: String(fields?.get('note') ?? ''),
    });
    leaveNotice(c, tools.hub, { tone: status === 'withdrawn' ? 'info' : 'ok', name: title, text: words[status] });
  } catch (error) {
    if (!(error instanceof AppError) || !['invalid_transition', 'invalid_input'].includes(error.code)) throw error;
    leaveNotice(c, tools.hub, { tone: 'bad', text: error.errors?.note?.join(' ') ?? error.message });
  }
  return tools.redirect(c, paths.approvals);
}

const words = {
  pending: 'still waits.',
  approved: 'is approved and runs now.',
  refused: 'is refused.',
  expired: 'is over: nobody decided in time.',
  withdrawn: 'is over: what it needed is gone.',
};

const pendingView = (row: ShownApproval): PendingApproval => ({
  id: row.id,
  tenantId: row.tenantId,
  title: row.title,
  tool: row.tool,
  connector: { id: row.connectorId, name: row.connectorName },
  keyName: row.keyName,
  makerName: row.makerName,
  at: row.createdAt,
  expiresAt: row.expiresAt,
  input: row.arguments === null ? '' : JSON.stringify(row.arguments, null, 2).replace(unseen, escaped),
});

/** Marks that turn text around, and characters that nobody sees: what is approved has to read as it is. */
const unseen = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;
const escaped = (text: string) => [...Array(text.length).keys()].map((at) => unit(text.charCodeAt(at))).join('');
const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;

function decidedView({ status, ...row }: ShownApproval): DecidedApproval[] {
  if (status === 'pending') return [];
  return [
    {
      id: row.id,
      title: row.title,
      tool: row.tool,
      connector: row.connectorName,
      keyName: row.keyName,
      status,
      by: row.decidedByName ?? '',
      at: row.decidedAt ?? row.expiresAt,
      note: row.note ?? '',
    },
  ];
}
