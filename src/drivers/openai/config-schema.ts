import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { address, object, tls } from '../driver.ts';
import { defaultBase, defaultModels } from './llm.ts';

const model = (title: string, description: string, name: string): JsonSchema => ({
  type: 'string',
  title,
  description,
  default: name,
  'x-placeholder': name,
  maxLength: 128,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*$',
  'x-pattern-hint': 'be a model’s name without spaces',
});

const models = object(
  {
    low: model('Low', 'Cheap and quick.', defaultModels.low),
    medium: model('Medium', 'The everyday model, pinned to a dated version.', defaultModels.medium),
    high: model('High', 'The most capable one.', defaultModels.high),
    embeddings: model('Embeddings', 'Turns text into vectors.', defaultModels.embeddings),
  },
  [],
  {
    title: 'Models',
    description: 'Programs ask for a tier; the hub sends the model’s name.',
    'x-help-url': 'https://platform.openai.com/docs/models',
  },
);

export const configSchema = object({
  models,
  temperature: {
    type: 'number',
    title: 'Temperature',
    description: 'From 0 (steady) to 2 (inventive), for calls that do not say it themselves.',
    minimum: 0,
    maximum: 2,
    default: 0.7,
  },
  max_tokens: {
    type: 'integer',
    title: 'Longest answer',
    description: 'In tokens, for calls that do not say it themselves.',
    minimum: 1,
    maximum: 1_000_000,
    default: 2000,
  },
  timeout_s: {
    type: 'integer',
    title: 'Timeout',
    description: 'Seconds until a call is given up.',
    minimum: 1,
    maximum: 600,
    default: 60,
  },
  organization: {
    type: 'string',
    title: 'Organisation ID',
    description: 'Only for keys of people who belong to several organisations.',
    maxLength: 64,
    pattern: '^org-[A-Za-z0-9]{8,60}$',
    'x-pattern-hint': 'start with org-, followed by letters and digits',
    'x-placeholder': 'org-…',
    'x-help-url': 'https://platform.openai.com/settings/organization/general',
    'x-group': 'Account',
  },
  project: {
    type: 'string',
    title: 'Project ID',
    description: 'Usage is counted under this project. Project keys (sk-proj-…) imply theirs.',
    maxLength: 64,
    pattern: '^proj_[A-Za-z0-9]{8,59}$',
    'x-pattern-hint': 'start with proj_, followed by letters and digits',
    'x-placeholder': 'proj_…',
    'x-help-url': 'https://platform.openai.com/settings/organization/projects',
    'x-group': 'Account',
  },
  base_url: address(
    {
      title: 'Base URL',
      description: 'Change it only for a proxy or a compatible server.',
      default: defaultBase,
      'x-placeholder': 'https://api.openai.com/v1',
      'x-group': 'Advanced',
    },
    { http: true },
  ),
  tls,
});
