import type { Hono } from 'hono';
import type { Hub } from '../../context.ts';
import { receiveBrokerEvent } from '../../services/brokers/broker-events.ts';
import { brokerEventsPath } from '../../services/connections/connection-addresses.ts';
import type { Env } from '../env.ts';
import { problemFor } from '../errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';

/** Where brokers report what became of accounts. The signature over the body is the only proof that is asked for. */
export function mountBrokerEvents(app: Hono<Env>, hub: Hub) {
  app.post(brokerEventsPath(':connector'), rateLimit({ hub, name: 'broker-events', rate: 600 }), async (c) => {
    try {
      const received = { headers: c.req.raw.headers, body: await c.req.text() };
      await receiveBrokerEvent(hub, c.req.param('connector') ?? '', received);
      return c.body(null, 204);
    } catch (error) {
      return problemFor(c, error);
    }
  });
}
