import { paths } from '../../src/routes/paths.ts';
import type { ConnectionModels, ConnectionsPanel, CredentialPanel } from '../../src/routes/view-models/connection.ts';
import type { ConnectionHealth } from '../../src/routes/view-models/health.ts';
import type { ConnectForm } from '../../src/routes/view-models/shared.ts';

const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
const form: ConnectForm = { tenantId: id, connectorId: id, connectionId: id, user: 'me' };

const at = new Date('2026-11-20T09:00:00Z');

export const connectionsPanel = (hostile: string, health: ConnectionHealth): ConnectionsPanel => ({
  rows: [
    {
      health,
      account: {
        status: 'expired',
        whose: 'Your own',
        scopes: [hostile],
        connectedAt: at,
        reconnect: form,
        toolkit: { slug: hostile, path: paths.toolkit(id, 'gmail') },
        credential: {
          ...{ since: at, renewed: false, endsAt: at, locked: '', rollbackUntil: at },
          history: [{ version: 1, label: hostile, by: hostile, at }],
        },
      },
    },
    { health, account: null },
  ],
  authorised: true,
  offers: [{ label: 'Connect another account', form }],
  browse: paths.catalog,
  of: { id, name: hostile },
});

/** A model for every page of an authorisation, full of what must be escaped. */
export const connectionModels = (
  hostile: string,
): Omit<ConnectionModels, 'connections/mine' | 'connections/_mine'> => ({
  'connections/consent': {
    consent: {
      action: paths.authorizationStart(id),
      back: paths.connector(id),
      icon: 'slack',
      service: hostile,
      connector: hostile,
      account: hostile,
      workspace: hostile,
      for: 'guest',
      guest: hostile,
      startedBy: hostile,
      scopes: [hostile],
      host: hostile,
    },
  },
  'connections/refused': {
    refused: {
      title: hostile,
      message: hostile,
      said: hostile,
      retry: form,
      next: { label: hostile, path: paths.signin, query: { next: hostile } },
    },
  },
  'connections/guest-done': { done: { account: hostile, service: hostile, workspace: hostile } },
});

export const credentialPanel = (hostile: string): CredentialPanel => ({
  connectionId: '0193a0aa-0000-7000-8000-000000000001',
  tenantId: '0193a0aa-0000-7000-8000-000000000001',
  since: new Date('2026-11-20T10:00:00Z'),
  locked: '',
  rollbackUntil: new Date('2026-11-21T10:00:00Z'),
  history: [{ version: 1, label: hostile, by: hostile, at: new Date('2026-11-20T10:00:00Z') }],
});
