import postgres, { type Sql } from 'postgres';

export interface ServerAddress {
  /** A host name, or the folder of a unix socket. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/** A `postgres://` URL or its parts. */
export type Connection = string | ServerAddress;

/** What is the same for every connection of the hub, whatever it is for. */
const common = {
  // Looking up array types costs a query per connection whose failure nobody could catch. So arrays come back as text: the schema has none.
  fetch_types: false,
  // Behind exactly so many statements in the line, the driver begins a transaction on a connection that it keeps giving to others.
  max_pipeline: Number.MAX_SAFE_INTEGER,
  onnotice: () => {},
};

type Options = Parameters<typeof postgres>[1];

export const connect = (connection: Connection, options: Options): Sql =>
  typeof connection === 'string'
    ? postgres(connection, { ...common, ...options })
    : postgres({ ...connection, ...common, ...options });

/**
 * One plain connection for set-up work, ended afterwards in any case.
 * Not for requests: it has no deadline.
 */
export async function withConnection<T>(connection: Connection, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(connection, { max: 1, connect_timeout: 5, connection: { application_name: 'patchbay-setup' } });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** The place without user and password, for messages. */
export function describeConnection(connection: Connection): string {
  if (typeof connection !== 'string') return `${connection.host}:${connection.port}`;
  const url = URL.parse(connection);
  return url ? `${url.hostname}:${url.port || 5432}${url.pathname}` : 'the configured address';
}

/** The same server and login, another database. */
export function withDatabase(connection: Connection, database: string): Connection {
  if (typeof connection !== 'string') return { ...connection, database };
  const url = new URL(connection);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}
