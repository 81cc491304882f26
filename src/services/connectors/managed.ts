import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { AppError } from '../../errors.ts';
import { byEnvironment } from './environment-values.ts';

/** Why people cannot change a connector; '' when they can. */
export function whyManaged({ name, managedBy }: Pick<ConnectorRow, 'name' | 'managedBy'>): string {
  if (!managedBy) return '';
  return managedBy === byEnvironment
    ? `${name} is managed by the environment: the operator of this hub sets it by variables, and a restart brings changes. It can be used and tested here, not changed.`
    : `${name} is managed by ${managedBy}; change it there.`;
}

/** @throws AppError managed, for a connector that people do not change */
export function requireUnmanaged(connector: Pick<ConnectorRow, 'name' | 'managedBy'>): void {
  const why = whyManaged(connector);
  if (why) throw new AppError('managed', why);
}
