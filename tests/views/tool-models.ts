import type { Field } from '../../src/lib/forms/field.ts';
import { paths } from '../../src/routes/paths.ts';
import type { OperationModels, OperationsPage } from '../../src/routes/view-models/operation.ts';
import type { RepositoriesPanel, RepositoryModels } from '../../src/routes/view-models/repository.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';
import type { ToolModels, ToolsPanel, ToolTrial } from '../../src/routes/view-models/tool.ts';

const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';

export const toolsPanel = (hostile: string): ToolsPanel => ({
  connectorId: id,
  q: hostile,
  imports: true,
  total: 1,
  tools: [{ slug: 'get_user', title: hostile, description: hostile, effect: 'Reads' }],
  next: paths.connectorTools(id),
});

export const repositoriesPanel = (hostile: string): RepositoriesPanel => ({
  connectorId: id,
  tenantId: id,
  connectionId: id,
  accounts: [{ value: id, label: hostile, chosen: true }],
  q: hostile,
  rows: [
    {
      name: hostile,
      url: 'https://github.com/a',
      description: hostile,
      branch: hostile,
      private: true,
      archived: true,
    },
  ],
  next: paths.connectorRepositories(id),
  sync: { status: 'failed', count: 3, error: hostile, finishedAt: new Date('2026-11-20T09:00:00Z') },
});

const trialOf = (hostile: string, fields: Field[]): ToolTrial => ({
  connector: { id, name: hostile, tenantId: id, icon: 'github', service: hostile },
  tool: { slug: 'create_issue', name: hostile, title: hostile, description: hostile, effect: 'Writes' },
  executionId: id,
  blocked: '',
  accounts: [{ value: id, label: hostile, chosen: true }],
  fields,
  question: hostile,
  result: {
    executionId: id,
    status: 'failed',
    duration: '12 ms',
    attempts: 1,
    sheet: { columns: [hostile, 'none'], rows: [[hostile, null]], more: 3 },
    output: hostile,
    cut: 3,
    problem: hostile,
    mend: { label: hostile, target: '', path: paths.editConnector(id) },
  },
});

const operationsPage = (hostile: string): OperationsPage => ({
  connector: { id, name: hostile, tenantId: id },
  locked: '',
  rows: [
    {
      slug: 'get_order',
      title: hostile,
      description: hostile,
      place: hostile,
      effect: 'Reads',
      chosen: true,
      change: 'New',
    },
  ],
  review: {
    ...{ about: hostile, digest: hostile, document: hostile, url: hostile, warnings: [hostile] },
    refused: [{ place: hostile, reason: hostile }],
    removed: [{ title: hostile, place: hostile, slug: 'old', calls: 2, lastAt: new Date('2026-11-20T09:00:00Z') }],
  },
  sent: { url: hostile, document: hostile },
  errors: { operations: [hostile], document: [hostile], url: [hostile] },
});

/** A model for every page around tools, full of what must be escaped. */
export const toolModels = (
  hostile: string,
  shell: Shell,
  fields: Field[],
): ToolModels & OperationModels & RepositoryModels => ({
  'operations/index': { shell, page: operationsPage(hostile) },
  'repositories/index': { shell, connector: { id, name: hostile }, panel: repositoriesPanel(hostile) },
  'repositories/_panel': { panel: repositoriesPanel(hostile) },
  'tools/index': { shell, connector: { id, name: hostile }, panel: toolsPanel(hostile) },
  'tools/_panel': { panel: toolsPanel(hostile) },
  'tools/show': { shell, trial: trialOf(hostile, fields) },
  'tools/_trial': { trial: trialOf(hostile, fields) },
});
