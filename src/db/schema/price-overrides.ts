import { sql } from 'drizzle-orm';
import { check, numeric, pgTable, primaryKey, unique, varchar } from 'drizzle-orm/pg-core';
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';

const usdPerMillion = (name: string) => numeric(name, { precision: 18, scale: 6 });

/** What a model costs this workspace, in US dollars for a million tokens; goes before the list that comes with the hub. */
export const priceOverrides = pgTable(
  'price_overrides',
  {
    tenantId: tenantId(),
    id: id(),
    /** The model's name, or how it begins, followed by `*`. */
    model: varchar('model', { length: 200 }).notNull(),
    input: usdPerMillion('input_usd').notNull(),
    /** Null where cached tokens cost what others do. */
    cached: usdPerMillion('cached_usd'),
    output: usdPerMillion('output_usd').notNull(),
    validFrom: instant('valid_from').notNull(),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    unique('price_overrides_once').on(table.tenantId, table.model, table.validFrom),
    check('price_overrides_positive', sql`${table.input} >= 0 and ${table.cached} >= 0 and ${table.output} >= 0`),
    tenantFence(),
  ],
);
