import { type SQL, sql } from 'drizzle-orm';

/** A LIKE pattern for "contains this text", with the text's own wildcards taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text can stand in a `uuid` column; anything else names no row. */
export const isUuid = (text: string): boolean => uuid.test(text);

/** For `id = …`: any of these UUIDs. As a subselect they are read once; else PostgreSQL may read them again for each row. */
export const anyOf = (ids: string[]): SQL => sql`any((select string_to_array(${ids.join()}, ',')::uuid[])::uuid[])`;
