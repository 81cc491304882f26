import type { AuthMethod } from '../../drivers/driver.ts';
import type { Counters } from '../../services/counters.ts';
import type { ActivityRow } from './activity.ts';
import type { ConnectionsPanel, CredentialPanel } from './connection.ts';
import type { RunsPanel } from './execution.ts';
import type { Ending, Fix, HealthLine } from './health.ts';
import type { RepositoriesPanel } from './repository.ts';
import type { ConnectForm } from './shared.ts';
import type { ToolsPanel } from './tool.ts';
import type { ToolkitResults } from './toolkit.ts';

export interface CatalogFilters {
  q: string;
  category: string;
  /** An auth method; '' for any. */
  auth: AuthMethod | '';
  sort: '' | 'name' | 'category' | 'popular';
}

export interface CatalogCard {
  key: string;
  name: string;
  icon: string;
  category: string;
  description: string;
  authMethods: AuthMethod[];
  installedCount: number;
  /** Described by a file of the operator's. */
  ofOperator: boolean;
  /** Why this person may not add it; '' when they may. */
  locked: string;
}

export interface CatalogResults {
  filters: CatalogFilters;
  cards: CatalogCard[];
  total: number;
  categories: { name: string; count: number }[];
  /** The entry that can describe any service, offered when nothing matches. */
  generic: { key: string; name: string } | null;
  /** Path of the next page; null on the last one. */
  next: string | null;
  /** Why the list could not be loaded; null when it was. */
  failure: string | null;
  /** What a broker brings beside; null where there is none. */
  toolkits: ToolkitResults | null;
}

export interface InstalledFilters {
  q: string;
  status: '' | 'active' | 'inactive' | 'attention';
  /** A catalog key; '' for all. */
  entry: string;
}

export interface ConnectorCard {
  id: string;
  tenantId: string;
  name: string;
  handle: string;
  entry: { key: string; name: string; icon: string; retired: boolean };
  authMethod: AuthMethod;
  status: 'inactive' | 'active' | 'error';
  statusReason: string;
  /** The driver's line, e.g. the site's host; '' for none. */
  summary: string;
  tags: string[];
  /** Labels of saved secrets that no longer open. */
  unreadable: string[];
  changedAt: Date;
  changedBy: string;
  /** Why this person may not change it; '' when they may. */
  locked: string;
  /** Who manages it, and therefore locks it for everybody; '' when people do. */
  managed: string;
  /** How it stands to the file that describes it; null when none does, or for people who cannot do anything about it. */
  file: FileNote | null;
  /** Begins the first authorisation; null where there is an account already, none is needed, or this person may not. */
  connect: ConnectForm | null;
  /** Whether it needs somebody. */
  attention: boolean;
  /** The account whose access ends soon, when nothing is worse. */
  ending: Ending | null;
  /** Null when nothing is wrong, or this person cannot mend it. */
  fix: Fix | null;
  /** Null while nothing is connected. */
  health: HealthLine | null;
}

export interface FileNote {
  /** The labels of the fields that differ from the file; null when none does. */
  differs: { since: Date; fields: string[] } | null;
  takenOver: { source: string; by: string; at: Date } | null;
  /** Whether a file manages it, so that it can be taken over. */
  managed: boolean;
}

/** What waits in the file of connectors that this hub knows. */
export interface FilePending {
  file: string;
  since: Date;
  /** What keeps it from being applied; '' for nothing. */
  problem: string;
  /** What applying it would do, a line for each connector. */
  steps: { name: string; what: string }[];
}

export interface InstalledResults {
  /** Null when nothing waits there, and for people who cannot do anything about it. */
  pending: FilePending | null;
  filters: InstalledFilters;
  counts: { all: number; active: number; inactive: number; attention: number };
  /** What is installed, for the entry filter. */
  entries: { key: string; name: string }[];
  /** For the frame around the list; null when they could not be read. */
  counters: Counters | null;
  cards: ConnectorCard[];
  /** One of them is about to be checked for the first time. */
  soon: boolean;
  next: string | null;
  failure: string | null;
}

export type ShownValue =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'copy'; text: string }
  | { kind: 'secret'; savedAt: Date | null; unreadable: boolean }
  | { kind: 'none' };

export interface ConnectorDetail {
  card: ConnectorCard;
  /** It is about to be checked for the first time. */
  soon: boolean;
  sections: { title: string; rows: { label: string; value: ShownValue }[] }[];
  createdAt: Date;
  createdBy: string;
  /** A curl command that works once an API key stands in PATCHBAY_KEY. */
  curl: string;
  events: ActivityRow[];
  /** Null where there are none and none is needed. */
  connections: ConnectionsPanel | null;
  /** Null for a connector without secrets of its own. */
  credential: CredentialPanel | null;
  /** Null for a service whose tools cannot be called yet. */
  tools: ToolsPanel | null;
  /** Whether there are tables to look into. */
  hasTables: boolean;
  /** Null for a service without any, and without an account. */
  repositories: RepositoriesPanel | null;
  /** Null for a service that cannot be called yet. */
  runs: RunsPanel | null;
}
