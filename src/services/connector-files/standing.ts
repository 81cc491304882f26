import { isDeepStrictEqual } from 'node:util';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { FileState } from '../../db/schema/index.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { changedFields } from '../changes.ts';
import { presentSecrets, withoutSecrets } from '../secrets/secrets.ts';

type Settings = FileState['settings'];

/** What is kept of a connector when a file is applied. */
export const settingsOf = (
  { name, tags, config, auth }: Pick<ConnectorRow, 'name' | 'tags' | 'config' | 'auth'>,
  active: boolean,
): Settings => ({
  name,
  tags,
  active,
  config: presentSecrets(undefined, config),
  auth: presentSecrets(undefined, auth),
});

/**
 * The fields in which a connector is not as the file left it, in names; also of one that was taken over. One that waits for an account
 * to be switched on does not differ.
 */
export function driftOf(driver: LoadedDriver | undefined, row: ConnectorRow): string[] {
  const { fileState } = row;
  if (!fileState) return [];
  const { active, ...then } = fileState.settings;
  const { active: isOn, ...now } = settingsOf(row, row.status !== 'inactive');
  const waits = active && !isOn && driver?.needsConnection(withoutSecrets(row.auth)) === true;
  const fields = isDeepStrictEqual(then, now) ? [] : changedFields(asFields(then), asFields(now));
  return active === isOn || waits ? fields : [...fields, 'active'];
}

/** A secret counts as one field, whenever it was saved. */
const asFields = <T>(settings: T): T =>
  JSON.parse(JSON.stringify(settings), (_, value) => (value?.is_set === true ? `saved ${value.updated_at}` : value));
