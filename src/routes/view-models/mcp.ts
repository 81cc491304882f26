import type { FieldErrors } from '../../errors.ts';
import type { Named, Option, SettingsNav } from './shared.ts';
import type { Shell } from './shell.ts';

/** How a client of agents is told of the hub. */
export interface ClientGuide {
  name: string;
  /** Where it belongs, in a sentence. */
  where: string;
  /** By URL and sign-in, or with a key. */
  ways: { way: 'url' | 'key'; label: string; text: string }[];
}

/** An app that somebody let in. */
export interface AppRow {
  id: string;
  name: string;
  host: string;
  /** The end of its id, where another app has the same name; '' otherwise. */
  code: string;
  /** What it may do, in words. */
  may: string[];
  /** Whose it is; '' for one’s own. */
  person: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

export interface McpPage {
  /** What clients connect to. */
  url: string;
  clients: ClientGuide[];
  apps: AppRow[];
  failure: string | null;
  /** Whether the apps are those of everybody. */
  everybody: boolean;
  /** Why this person may make no keys; '' when they may. */
  locked: string;
}

/** The question whether an app may come in. */
export interface AppConsentPage {
  /** As it calls itself. */
  app: string;
  /** Where it is answered. */
  host: string;
  /** Whether that is a program on the person’s own device. */
  onDevice: boolean;
  person: { name: string; email: string };
  workspace: Named;
  /** Those that the person can choose from. */
  workspaces: Option[];
  /** What the app sent the person here with, by name; and all of it as it came. */
  fields: [string, string][];
  request: string;
  /** What it asks for, in words. */
  scopes: string[];
  /** Whether it asks to call tools. */
  calls: boolean;
  access: Option[];
  /** `all` or `chosen`. */
  reach: string;
  connectors: Option[];
  durations: Option[];
  errors: FieldErrors;
}

export interface McpModels {
  'settings/mcp': { shell: Shell; nav: SettingsNav; mcp: McpPage };
  'mcp/consent': { consent: AppConsentPage };
  'mcp/refused': { message: string; back: string; host: string };
}

export interface McpPartials {
  'settings/_app': { app: AppRow };
}
