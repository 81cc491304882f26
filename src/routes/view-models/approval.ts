import type { Shell } from './shell.ts';

// What the templates under views/approvals/ are given.

export interface PendingApproval {
  id: string;
  tenantId: string;
  title: string;
  tool: string;
  connector: { id: string; name: string };
  keyName: string;
  makerName: string;
  at: Date;
  expiresAt: Date;
  /** Formatted JSON; '' where it does not open. */
  input: string;
}

export interface DecidedApproval {
  id: string;
  title: string;
  tool: string;
  connector: string;
  keyName: string;
  status: 'approved' | 'refused' | 'expired' | 'withdrawn';
  by: string;
  at: Date;
  note: string;
}

export interface ApprovalsPage {
  pending: PendingApproval[];
  /** There are more that wait than are shown. */
  more: boolean;
  decided: DecidedApproval[];
  failure: string | null;
}

export interface ApprovalModels {
  'approvals/index': { shell: Shell; page: ApprovalsPage };
}

export interface ApprovalPartials {
  'approvals/_pending': { row: PendingApproval };
  'approvals/_decided': { row: DecidedApproval };
}
