import type { FieldErrors } from '../../errors.ts';
import type { Option, SettingsNav } from './shared.ts';
import type { Shell } from './shell.ts';

// What the templates for webhooks under views/settings/ are given.

export interface WebhookRowView {
  id: string;
  /** Without its query, which may carry somebody's token. */
  address: string;
  /** What it is told of, by name and in words. */
  events: { value: string; label: string }[];
  state: WebhookState;
}

/** `failing`: on, but nothing arrives; `stopped`: the hub switched it off. */
export interface WebhookState {
  kind: 'on' | 'failing' | 'off' | 'stopped';
  /** Since when it fails; null otherwise. */
  since: Date | null;
  /** Why the hub switched it off; '' otherwise. */
  reason: string;
}

export interface WebhooksPage {
  rows: WebhookRowView[];
  failure: string | null;
}

export interface WebhookForm {
  tenantId: string;
  /** Where it is sent; a new one brings the id that it reserves. */
  path: string;
  id: string;
  method: 'POST' | 'PUT';
  url: string;
  events: Option[];
  /** Null where it cannot be switched. */
  enabled: boolean | null;
  submit: string;
  errors: FieldErrors;
}

export interface DeliveryView {
  id: string;
  event: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  /** What went wrong last; '' for nothing. */
  message: string;
  createdAt: Date;
  /** When the next attempt is due; null when there is none. */
  nextAt: Date | null;
}

export interface WebhookPage {
  row: WebhookRowView;
  form: WebhookForm;
  deliveries: DeliveryView[];
  next: string | null;
  /** The secret that was just made: shown this once. */
  secret: string | null;
}

export interface WebhookModels {
  'settings/webhooks': { shell: Shell; nav: SettingsNav; webhooks: WebhooksPage };
  'settings/new-webhook': { shell: Shell; nav: SettingsNav; form: WebhookForm };
  'settings/webhook': { shell: Shell; nav: SettingsNav; webhook: WebhookPage };
}

export interface WebhookPartials {
  'settings/_webhook-form': { form: WebhookForm };
  'settings/_webhook-state': { state: WebhookState };
  'settings/_webhook-secret': { secret: string };
  'settings/_delivery': { delivery: DeliveryView };
}
