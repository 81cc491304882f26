import type { Role } from '../../lib/role.ts';
import type { Dialog } from './dialog.ts';
import type { Named, Toast } from './shared.ts';

/** What the frame of every signed-in page shows. */
export interface Shell {
  title: string;
  tab: 'catalog' | 'installed' | 'activity' | 'usage' | 'publish' | null;
  tenant: Named;
  tenants: Named[];
  user: { name: string; email: string; initial: string };
  role: Role;
  /** Whether the person runs the hub itself. */
  operator: boolean;
  installedCount: number;
  /** How many calls wait for this person to decide; 0 for whoever may not. */
  waiting: number;
  /** Shown once the page is there: what was done before the redirect that led here. */
  toasts: Toast[];
  /** Open over the page, so that its address can be reloaded and works without JavaScript. */
  dialog: Dialog | null;
}

/** The frame of every operator page. */
export interface OperatorShell {
  title: string;
  tabs: { label: string; path: string; current: boolean }[];
  user: { name: string; email: string; initial: string };
  /** Shown once the page is there: what was done before the redirect that led here. */
  toasts: Toast[];
}
