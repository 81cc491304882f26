import type { FieldErrors } from '../../errors.ts';
import type { SettingsNav } from './shared.ts';
import type { Shell } from './shell.ts';

/** One's own account; nobody else ever sees it. */
export interface AccountPage {
  tenantId: string;
  email: string;
  /** What was typed, when it was refused. */
  name: string;
  errors: FieldErrors;
  hasPassword: boolean;
  /** Null while it is off. */
  secondFactor: { since: Date; recoveryCodesLeft: number } | null;
  sessions: { id: string; device: string; ip: string; usedAt: Date; startedAt: Date; current: boolean }[];
  events: { label: string; bad: boolean; device: string; ip: string; at: Date }[];
}

export interface ForgotPage {
  /** Whether the hub sends mail; otherwise the operator makes the link. */
  mails: boolean;
  /** A link was asked for, for this address. */
  sent: boolean;
  email: string;
  /** A sentence about the last try; '' at first. */
  error: string;
}

export interface SecondFactorPage {
  tenantId: string;
  errors: FieldErrors;
  /** `svg` is HTML; `codes` are shown this once. */
  factor:
    | { state: 'unconfirmed'; secret: string; svg: string }
    | { state: 'codes'; codes: string[]; renewed: boolean }
    | { state: 'renewal' }
    | { state: 'on'; since: Date; recoveryCodesLeft: number };
}

/** What the pages about accounts are given. */
export interface AccountModels {
  'account/index': { shell: Shell; nav: SettingsNav; account: AccountPage };
  'account/second-factor': { shell: Shell; nav: SettingsNav; page: SecondFactorPage };
  'signin/connection': { email: string; provider: string; secondFactor: boolean; errors: FieldErrors };
  'signin/code': { next: string; error: string };
  'signin/forgot': ForgotPage;
  'signin/reset': { token: string; errors: FieldErrors };
}
