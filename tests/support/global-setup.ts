import type { TestProject } from 'vitest/node';
import { buildTemplate, type TestServer, temporaryServer } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

/** One server for the whole run; vitest calls the returned function also when tests have failed. */
export default async function setup(project: TestProject) {
  const server = await temporaryServer('tests').catch((error) => {
    throw new Error(`The tests need PostgreSQL, and it cannot be started. ${error.message}`, { cause: error });
  });
  try {
    await buildTemplate(server);
  } catch (error) {
    await server.remove();
    throw error;
  }
  project.provide('postgres', { setup: server.setup, owner: server.owner, hub: server.hub });
  return () => server.remove();
}
