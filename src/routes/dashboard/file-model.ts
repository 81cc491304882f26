import type { Step } from '../../services/connector-files/file-plan.ts';
import type { PendingFile } from '../../services/connector-files/pending-file.ts';
import type { FilePending } from '../view-models/connector.ts';

type Action = Step['actions'][number]['action'];

const verbs: Record<Action, string> = {
  create: 'is added',
  restore: 'is brought back',
  adopt: 'is managed by the file again',
  update: 'changes',
  'replace-secret': 'gets another secret',
  activate: 'is activated',
  deactivate: 'is deactivated',
  note: 'is as the file says again',
  unmanage: 'is managed by people again, or deleted with PRUNE=1',
  remove: 'is deleted',
};

/** The plan in words; null when nothing waits. */
export function shownPending({ file, since, problem, steps }: PendingFile): FilePending | null {
  if (!problem && !steps.length) return null;
  return {
    file,
    since,
    problem,
    steps: steps.map((step) => ({ name: step.row?.name ?? step.name, what: wordsOf(step) })),
  };
}

const wordsOf = ({ actions }: Step): string => actions.map(({ action }) => verbs[action]).join(', ');
