import { type Static, Type } from '@sinclair/typebox';
import type { CheckStep } from '../../db/schema/index.ts';
import type { getHealth } from '../../services/health/health.ts';
import { type CheckOutcome, healthOf } from '../../services/health/health-steps.ts';
import { component, Nullable, OneOf } from './components.ts';

export const Step = Type.Object({
  name: OneOf(['address', 'connection', 'tls', 'reply', 'authentication', 'permission']),
  status: OneOf(['passed', 'warning', 'failed', 'skipped']),
  duration_ms: Nullable(Type.Integer(), 'Null for a step that was not timed by itself.'),
  message: Type.String({ description: 'A sentence for people.' }),
  field: Type.Optional(Type.String({ description: 'The field to mend, by its path from the root of the form.' })),
});

export const HealthCheckResponse = component(
  'HealthCheckResponse',
  Type.Object(
    {
      status: OneOf(['healthy', 'degraded', 'unhealthy', 'unknown'], {
        description: 'What the checks together say; `unknown` before the first one.',
      }),
      message: Nullable(Type.String(), 'What the last check found, in one sentence.'),
      checked_at: Nullable(Type.String({ format: 'date-time' }), 'When that was; null before the first check.'),
      latency_ms: Nullable(Type.Integer(), 'How long the check took.'),
      account: Nullable(
        Type.Object({
          external_id: Nullable(Type.String(), 'Its id at the service.'),
          label: Type.String({ description: 'As people know it.' }),
        }),
        'Who is connected, as the service says; null when it was not told.',
      ),
      steps: Type.Array(Step, { description: 'Of the last check, in their order; empty before the first one.' }),
      pauses: Type.Array(Type.Object({ host: Type.String(), until: Type.String({ format: 'date-time' }) }), {
        description: 'Hosts that this replica calls again then, because they failed several times in a row.',
      }),
    },
    { description: 'How a connection is, and what the last check went through.' },
  ),
);
export type HealthCheck = Static<typeof HealthCheckResponse>;

/** A check whose outcome is not remembered, or is answered as it just was. */
export const checkResponse = ({ message, latencyMs, account, steps, ...rest }: CheckOutcome): HealthCheck => ({
  status: healthOf(rest),
  message,
  checked_at: new Date().toISOString(),
  latency_ms: latencyMs,
  account: account && { external_id: account.externalId, label: account.label },
  steps: steps.map(shown),
  pauses: [],
});

/** A connection with its last check. */
export const healthResponse = ({ connection, last, pauses }: Awaited<ReturnType<typeof getHealth>>): HealthCheck => ({
  status: connection.health,
  message: connection.healthMessage,
  checked_at: connection.healthCheckedAt?.toISOString() ?? null,
  latency_ms: connection.healthLatencyMs,
  account:
    connection.accountLabel === null
      ? null
      : { external_id: connection.externalAccountId, label: connection.accountLabel },
  steps: (last?.steps ?? []).map(shown),
  pauses: pauses.map(({ host, until }) => ({ host, until: until.toISOString() })),
});

const shown = ({ name, status, duration_ms, message, field }: CheckStep) => ({
  ...{ name, status, duration_ms, message },
  ...(field && { field }),
});
