import type { ApprovalModels, DecidedApproval, PendingApproval } from '../../src/routes/view-models/approval.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';

const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
const at = new Date('2026-11-20T09:00:00Z');

/** A model for the page of approvals, full of what must be escaped. */
export function approvalModels(hostile: string, shell: Shell): ApprovalModels {
  const row: PendingApproval = {
    ...{ id, tenantId: id, title: hostile, tool: hostile, connector: { id, name: hostile } },
    ...{ keyName: hostile, makerName: hostile, at, expiresAt: at, input: hostile },
  };
  const decided: DecidedApproval = {
    ...{ id, title: hostile, tool: hostile, connector: hostile, keyName: hostile, status: 'approved' },
    ...{ by: hostile, at, note: hostile },
  };
  return {
    'approvals/index': {
      shell: { ...shell, tab: 'activity' },
      page: {
        pending: [row, { ...row, id: id.replace('a', 'b'), input: '' }],
        more: true,
        decided: [decided, { ...decided, status: 'withdrawn', by: '', note: '' }],
        failure: null,
      },
    },
  };
}
