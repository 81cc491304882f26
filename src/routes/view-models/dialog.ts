import type { Field } from '../../lib/forms/field.ts';
import type { ErrorSummary } from '../../lib/forms/summary.ts';
import type { CheckReport } from './health.ts';
import type { Option, Use } from './shared.ts';

/** The form to add or change a connector; the same in a dialog and on a reloaded page. */
export interface ConnectorForm {
  /** The brand's icon: the catalog entry's `icon`. */
  icon: string;
  heading: string;
  subtitle: string;
  method: 'post' | 'put';
  path: string;
  /** The page behind; where Cancel leads. */
  back: string;
  /** Hidden inputs: `_tenant`, and `catalog_key` and the reserved `id`, or `version`. */
  hidden: Record<string, string>;
  /** Something to know first; '' for none. */
  notice: string;
  summary?: ErrorSummary;
  stale: StaleEdit | null;
  /** Where “Test connection” sends the form; left out where nothing can be tested. */
  test?: string;
  /** How that went; left out before. */
  report?: CheckReport;
  /** Who uses what is about to change; left out where that does not matter. */
  use?: Use[];
  /** In order; a title of '' has no heading. */
  sections: { title: string; help: string; fields: Field[] }[];
  /** '' for a form that only says why it cannot be filled in. */
  submit: string;
}

/** Somebody else saved in between; `hidden.version` is then theirs, so that saving again overwrites. */
export interface StaleEdit {
  by: string;
  at: Date;
  /** Labels of the fields that they changed; may be empty. */
  changed: string[];
}

/** The question before something of a connector stops. */
export interface Question {
  title: string;
  icon: string;
  tenantId: string;
  /** Plain sentences about what stops working. */
  consequences: string[];
  /** Who will miss it. */
  use: Use[];
  /** How it can be taken back; '' when it cannot. */
  undo: string;
  /** Where a DELETE does it. */
  path: string;
  /** The page behind; where it leads to keep things as they are. */
  back: string;
  submit: string;
  /** Whether that destroys something. */
  destroys: boolean;
  keep: string;
}

/** A question before something that cannot be taken back, with what follows from it. */
export interface Confirm {
  title: string;
  tenantId: string;
  method: 'PUT' | 'DELETE';
  path: string;
  /** The page behind; where it leads to keep things as they are. */
  back: string;
  consequences: string[];
  submit: string;
  keep: string;
  /** A choice that goes along. */
  select: { name: string; label: string; options: Option[] } | null;
}

export type ConnectorDialog = { kind: 'form'; form: ConnectorForm } | { kind: 'question'; question: Question };

export type Dialog = ConnectorDialog | { kind: 'confirm'; confirm: Confirm };
