// What the models of several pages have in common.

export interface Named {
  id: string;
  name: string;
}

export interface Toast {
  tone: 'ok' | 'bad' | 'info';
  /** In bold in front of the text: `{ name: 'Editorial Slack', text: 'is active.' }`. */
  name?: string;
  text: string;
  /** `post` for Undo, `get` for a link. */
  action?: { label: string; path: string; method: 'get' | 'post' };
}

/** The ways through the settings of a workspace; what somebody may not use is not in it. */
export type SettingsNav = { label: string; path: string; current: boolean }[];

export interface Option {
  value: string;
  label: string;
  chosen: boolean;
}

/** Who called a tool how often in the last 30 days. */
export interface Use {
  actor: string;
  tool: string;
  count: number;
  lastAt: Date;
}

/** Begins an authorisation: a form that posts these. */
export interface ConnectForm {
  tenantId: string;
  connectorId: string;
  /** The connection to authorise anew; '' for a new one. */
  connectionId: string;
  /** `me` for an account of one's own, '' for the workspace's. */
  user: 'me' | '';
  /** A service behind a broker; '' or left out for none. */
  toolkit?: string;
}
