import type { Option } from './shared.ts';
import type { Shell } from './shell.ts';

// What the templates under views/repositories/ are given.

export interface RepositoriesPanel {
  connectorId: string;
  tenantId: string;
  connectionId: string;
  /** To choose from when there are several. */
  accounts: Option[];
  q: string;
  rows: {
    name: string;
    url: string;
    description: string;
    branch: string;
    private: boolean;
    archived: boolean;
  }[];
  next: string | null;
  sync: {
    /** `waiting` asks again in a moment. */
    status: 'waiting' | 'running' | 'succeeded' | 'failed';
    count: number;
    error: string;
    finishedAt: Date | null;
  };
}

export interface RepositoryModels {
  'repositories/index': { shell: Shell; connector: { id: string; name: string }; panel: RepositoriesPanel };
  'repositories/_panel': { panel: RepositoriesPanel };
}
