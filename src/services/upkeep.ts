import type { Connection } from '../db/connection.ts';
import type { Background } from '../lib/background.ts';

/** What the upkeep of the hub needs beside the hub itself. Requests of workspaces never see it. */
export interface Upkeep {
  /** The owner's login: it sees all tenants. */
  owner: Connection;
  /** What the hub works as. */
  login: Connection;
  /** Where long work goes on after the answer. */
  background: Background;
  /** How long calls may go on under an older data key, in ms; for tests, where none runs. */
  graceMs?: number;
}
