import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { AppError } from '../../errors.ts';
import { byEnvironment } from './environment-values.ts';

/** What `managed_by` says of connectors that a file describes. */
export const byFile = 'file';

type Managed = Pick<ConnectorRow, 'name' | 'managedBy' | 'fileState'>;

/** Why people cannot change a connector; '' when they can. */
export function whyManaged({ name, managedBy, fileState }: Managed): string {
  if (!managedBy) return '';
  if (managedBy === byEnvironment)
    return `${name} is managed by the environment: the operator of this hub sets it by variables, and a restart brings changes. It can be used and tested here, not changed.`;
  if (managedBy === byFile)
    return `${name} is managed by the file ${fileState?.source ?? ''}: change it there, and apply the file. Here it can be used, tested and connected, not changed.`;
  return `${name} is managed by ${managedBy}; change it there.`;
}

/** Who manages a connector, in a few words; '' for people. */
export function managerOf({ managedBy, fileState }: Managed): string {
  if (!managedBy) return '';
  return managedBy === byFile ? `Managed by the file ${fileState?.source ?? ''}` : `Managed by the ${managedBy}`;
}

/** @throws AppError managed, for a connector that people do not change */
export function requireUnmanaged(connector: Managed): void {
  const why = whyManaged(connector);
  if (why) throw new AppError('managed', why);
}
