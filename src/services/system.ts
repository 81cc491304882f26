import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../context.ts';
import type { Doer } from './tenants/operator-trail.ts';

/** The context of work that nobody asked for in person: jobs, set-up, the operator's commands. */
export function systemCtx(hub: Hub, tenantId: string, job: string): Ctx {
  const requestId = `${job}-${uuidv7()}`;
  return {
    hub,
    tenantId,
    actor: { type: 'system', id: null, name: 'Patchbay', role: 'owner' },
    requestId,
    ip: null,
    log: hub.log.child({ request_id: requestId, tenant_id: tenantId }),
  };
}

/** Who stands in the operators' trail for what nobody asked for in person. */
export const systemDoer = (job: string): Doer => ({
  actor: { type: 'system', id: null, name: 'Patchbay' },
  requestId: `${job}-${uuidv7()}`,
  ip: null,
});
