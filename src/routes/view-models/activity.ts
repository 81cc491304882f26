import type { Shell } from './shell.ts';

// What the templates of the activity page are given.

export interface ActivityRow {
  id: string;
  at: Date;
  actor: string;
  /** `connector.installed`, as filters take it. */
  action: string;
  /** In words, e.g. "installed". */
  label: string;
  subject: { name: string; path: string | null };
  /** Names of fields that changed, and other short facts. */
  details: string[];
  requestId: string;
  ip: string | null;
}

export interface ActivityResults {
  filters: { q: string; action: string };
  actions: { action: string; label: string }[];
  rows: ActivityRow[];
  /** Path of older events; null on the last page. */
  next: string | null;
  /** Path of the newest events, when this is not the first page. */
  newest: string | null;
  failure: string | null;
}

/** How far the trail is sealed, and what was found when its seals were last computed again. */
export interface SealsModel {
  events: number;
  upTo: Date | null;
  verifiedAt: Date | null;
  problems: string[];
}

export interface ActivityModels {
  'activity/index': { shell: Shell; results: ActivityResults; seals: SealsModel | null };
  'activity/_seals': { seals: SealsModel };
  'activity/_results': { results: ActivityResults };
}
