import { type Static, Type } from '@sinclair/typebox';
import type { AccountEventRow } from '../../db/queries/account-events.ts';
import { type AccountEventKind, accountEventKinds } from '../../services/brokers/account-history.ts';
import { listAccountHistory } from '../../services/people/account.ts';
import { Cursor, component, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const AccountEventResponse = component(
  'AccountEventResponse',
  Type.Object({
    id: Uuid('Of the event.'),
    kind: OneOf([...accountEventKinds]),
    ip: Nullable(Type.String(), 'Where it came from; null for an operator on the machine itself.'),
    user_agent: Nullable(Type.String(), 'As the browser or program called itself.'),
    created_at: Instant('When it happened.'),
  }),
);

const accountEventResponse = (row: AccountEventRow): Static<typeof AccountEventResponse> => ({
  id: row.id,
  kind: row.kind as AccountEventKind,
  ip: row.ip,
  user_agent: row.userAgent,
  created_at: row.createdAt.toISOString(),
});

/** What concerns a person alone, whatever workspace they are in. */
export const accountOperations = [
  operation(
    {
      method: 'get',
      path: '/api/account/history',
      id: 'listAccountHistory',
      summary: 'List what happened to your own account, newest first',
      description: 'Sign-ins, failures and changes of the last 90 days. Nobody else sees them.',
      tag: 'Account',
      role: 'member',
      scope: null,
      audit: null,
      input: { query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }) },
      status: 200,
      response: ListOf(AccountEventResponse),
      example: { query: { limit: '10' } },
    },
    async (ctx, { query }) => {
      const list = await listAccountHistory(ctx, query);
      return { data: list.data.map(accountEventResponse), next_cursor: list.nextCursor };
    },
  ),
];
