import type { Context } from 'hono';
import type { Env } from '../env.ts';
import { takeNotice } from '../flash.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { OperatorShell } from '../view-models/shell.ts';

/** The operators' own navigation, in order. */
const tabs = [
  { key: 'tenants', label: 'Workspaces', path: paths.operatorTenants },
  { key: 'entries', label: 'Catalog entries', path: paths.operatorEntries },
  { key: 'keys', label: 'Keys', path: paths.operatorKeys },
  { key: 'doctor', label: 'Doctor', path: paths.operatorDoctor },
  { key: 'activity', label: 'Activity', path: paths.operatorActivity },
] as const;

type OperatorTab = (typeof tabs)[number]['key'];

/** The frame of an operator page. */
export function operatorShell(tools: PageTools, c: Context<Env>, title: string, tab: OperatorTab): OperatorShell {
  const { name = '', email = '' } = c.get('session')?.user ?? {};
  const notice = takeNotice(c, tools.hub);
  return {
    title,
    tabs: tabs.map(({ key, label, path }) => ({ label, path, current: key === tab })),
    user: { name, email, initial: [...name][0]?.toUpperCase() ?? '?' },
    toasts: notice ? [notice] : [],
  };
}
