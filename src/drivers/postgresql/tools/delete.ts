import { object, type Tool } from '../../driver.ts';
import { Conditions } from '../conditions.ts';
import type { Text } from '../session.ts';
import { findTable } from '../tables.ts';
import { inTransaction } from '../transaction.ts';
import { mustWrite } from './command.ts';
import { schema, shapes, table, where } from './shapes.ts';

export const deleteRecords: Tool = {
  slug: 'delete_records',
  title: 'Delete rows',
  description: 'Deletes the rows of a table that meet a condition. There is no way to leave the condition out.',
  input: object({ schema, table, where }, ['table', 'where']),
  output: shapes.count,
  sideEffect: 'write',
  async run(context, input) {
    mustWrite(context);
    return inTransaction(context, 'read write', async (work) => {
      const target = await findTable(work, input);
      const parameters: Text[] = [];
      const condition = new Conditions(target, work, parameters).sql(input.where);
      const { count } = await work.run(`delete from ${target.sql} as t where ${condition}`, parameters);
      return { row_count: count };
    });
  },
};
