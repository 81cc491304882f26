import { defineDriver } from '../driver.ts';
import { described } from './described.ts';
import { capability, publisher } from './publish.ts';

const { entry } = described;

export const driver = defineDriver({
  ...described,
  entry: { ...entry, capabilities: { ...entry.capabilities, publish: capability } },
  summary: (config) => (config.publication_id ? `Publication ${config.publication_id}` : 'Own profile'),
  publisher,
});
