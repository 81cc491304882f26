import { withConnection } from '../../src/db/connection.ts';
import { startEmbedded } from '../../src/db/embedded.ts';

// Starts the embedded server, says so, and stays with a connection open until it is killed.
const server = await startEmbedded(process.argv[2] as string, { durable: false });
await withConnection(server.hub, async (sql) => {
  await sql`select 1`;
  console.log(JSON.stringify({ pid: server.pid, adopted: server.adopted }));
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
