import { type Finding, fail, ok, type Patient } from './finding.ts';

const name = 'catalog files';

/** Whether the services that the operator describes could be read at the next start; nothing where there are none. */
export async function checkCatalogFiles({ config: { catalogDir } }: Pick<Patient, 'config'>): Promise<Finding[]> {
  if (!catalogDir) return [];
  const { loadDrivers } = await import('../../drivers/index.ts');
  try {
    const drivers = await loadDrivers(undefined, catalogDir);
    const keys = [...drivers.values()].filter(({ file }) => file).map(({ entry }) => entry.key);
    const which = keys.length ? `: ${keys.join(', ')}` : '';
    return [
      ok(name, `${keys.length} ${keys.length === 1 ? 'entry comes' : 'entries come'} from ${catalogDir}${which}.`),
    ];
  } catch (error) {
    return [
      fail(
        name,
        (error as Error).message,
        'The hub would not start with them. Mend the files, and look with make check-catalog.',
      ),
    ];
  }
}
