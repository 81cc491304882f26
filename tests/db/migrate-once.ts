import { migrate } from '../../src/db/migrate.ts';

// Migrates the database that it is given; prints `true` when that is done.
await migrate(JSON.parse(process.argv[2] ?? ''));
console.log('true');
