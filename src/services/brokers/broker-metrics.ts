import type { Hub } from '../../context.ts';
import { ServiceError } from '../../drivers/driver.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';

/** What is done at brokers, as the metrics name it. */
export type BrokerOperation =
  | 'list_toolkits'
  | 'get_toolkit'
  | 'list_tools'
  | 'create_auth_config'
  | 'read_auth_config'
  | 'delete_auth_config'
  | 'link_account'
  | 'create_account'
  | 'read_account'
  | 'switch_account'
  | 'revoke_account'
  | 'delete_account'
  | 'execute_tool';

export interface BrokerCall {
  /** The catalog entry's key. */
  broker: string;
  operation: BrokerOperation;
  /** `ok`, or whose fault the failure was. */
  outcome: string;
  seconds: number;
}

type Observe = (call: BrokerCall) => void;
const observers = new WeakMap<Hub['db'], Observe>();

/** Tells whoever measures; nobody does in commands. */
export const observeBroker = ({ db }: Pick<Hub, 'db'>, call: BrokerCall) => observers.get(db)?.(call);

/** How a call that failed is counted. */
export const outcomeOf = (error: unknown): string =>
  error instanceof ServiceError ? error.fault : error instanceof OutboundError ? error.code : 'defect';

/** Shows calls to brokers in `/metrics`. */
export function measureBrokers({ db }: Pick<Hub, 'db'>, metrics: Metrics): void {
  const labels = ['broker', 'operation', 'outcome'] as const;
  const calls = metrics.counter('patchbay_broker_calls_total', 'Calls to brokers of accounts that ended', [...labels]);
  const seconds = metrics.histogram('patchbay_broker_call_duration_seconds', 'How long these calls took', [...labels]);
  observers.set(db, ({ seconds: took, ...call }) => {
    calls.inc({ ...call });
    seconds.observe({ ...call }, took);
  });
}
