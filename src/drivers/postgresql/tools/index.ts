import type { Browsing, Tool } from '../../driver.ts';
import { executeCommand } from './command.ts';
import { deleteRecords } from './delete.ts';
import { insertMany } from './insert.ts';
import { executeQuery } from './query.ts';
import { readTable } from './read-table.ts';
import { getTableInfo, listTables } from './tables.ts';
import { updateMany } from './update.ts';

export const tools: Tool[] = [
  listTables,
  getTableInfo,
  readTable,
  executeQuery,
  executeCommand,
  insertMany,
  updateMany,
  deleteRecords,
];

export const browse: Browsing = { tables: listTables, rows: readTable };
