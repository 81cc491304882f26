import type { ConnectionHealth } from './health.ts';
import type { ConnectForm } from './shared.ts';
import type { Shell } from './shell.ts';

/** The templates of authorisations, and what each is given. */

/** The question before the browser goes to a service. */
export interface ConsentPage {
  /** Where the form posts to. */
  action: string;
  /** Where a person goes who does not want to; null for a guest. */
  back: string | null;
  icon: string;
  service: string;
  connector: string;
  /** The account that is authorised anew; '' for any. */
  account: string;
  workspace: string;
  /** Who will act through it. */
  for: 'workspace' | 'self' | 'guest';
  /** Whose connection a guest's becomes, in the words of whoever made the link. */
  guest: string;
  /** Who sent the guest. */
  startedBy: string;
  scopes: string[];
  host: string;
}

/** An authorisation that came to nothing. */
export interface RefusedPage {
  title: string;
  message: string;
  /** The service's own words, shown as text; '' for none. */
  said: string;
  /** What begins it again; null when nobody here can. */
  retry: ConnectForm | null;
  /** Another way on; null for a guest. */
  next: { label: string; path: string; query: Record<string, string> } | null;
}

/** What somebody without an account sees in the end. */
export interface GuestDonePage {
  account: string;
  service: string;
  workspace: string;
}

/** The connections of a connector, on its page: account, health and what can be done. */
export interface ConnectionsPanel {
  rows: { health: ConnectionHealth; account: ConnectedAccount | null }[];
  /** Whether people authorise accounts; there is one connection otherwise, which goes by the settings. */
  authorised: boolean;
  /** Ways to connect another one that this person has, with what the button says. */
  offers: { label: string; form: ConnectForm }[];
  /** Where the services are that a broker brings; null where there are none. */
  browse: string | null;
  /** Set where several panels stand on one page: the connector that this one is about. */
  of: { id: string; name: string } | null;
}

/** What an account has beside its health. */
export interface ConnectedAccount {
  status: 'initiated' | 'active' | 'expired' | 'failed' | 'inactive' | 'revoked';
  /** For the reader, as a phrase: “Your own”. */
  whose: string;
  scopes: string[];
  connectedAt: Date;
  /** Null where this person may not. */
  reconnect: ConnectForm | null;
  /** The service behind a broker that it is an account of, and where it is connected again; null elsewhere. */
  toolkit: { slug: string; path: string } | null;
  /** What the service granted; null when there is nothing. */
  credential: AccountCredential | null;
}

export interface AccountCredential {
  since: Date;
  /** Whether the hub renews it before it ends. */
  renewed: boolean;
  /** Null when it does not end, or the service does not say. */
  endsAt: Date | null;
  /** Why this person may not rotate it; '' when they may. */
  locked: string;
  /** Until when the one before can be brought back; null when there is none. */
  rollbackUntil: Date | null;
  /** The newest first. */
  history: CredentialVersion[];
}

/** An earlier credential, without its contents. */
export interface CredentialVersion {
  version: number;
  label: string;
  by: string;
  at: Date;
}

/** The secrets that were typed into a connector, on its page. */
export interface CredentialPanel {
  connectionId: string;
  tenantId: string;
  /** When what is in use was entered. */
  since: Date;
  /** Why this person may not rotate it; '' when they may. */
  locked: string;
  /** Until when the one before can be brought back; null when there is none. */
  rollbackUntil: Date | null;
  /** The newest first. */
  history: CredentialVersion[];
}

export interface ConnectionModels {
  'connections/consent': { consent: ConsentPage };
  'connections/refused': { refused: RefusedPage };
  'connections/guest-done': { done: GuestDonePage };
  'connections/mine': { shell: Shell; panels: ConnectionsPanel[] };
  'connections/_mine': { panels: ConnectionsPanel[] };
}

export interface ConnectionPartials {
  'connections/_credential': { panel: CredentialPanel };
  'connections/_account': { health: ConnectionHealth; account: ConnectedAccount };
  'connections/_history': { history: CredentialVersion[] };
  'connections/_panel': { panel: ConnectionsPanel };
  'connections/_rollback': { connectionId: string; tenantId: string; until: Date; locked: string };
  'connections/_connect': { form: ConnectForm; label: string; of?: string; primary: boolean; small: boolean };
  'connections/_state': { status: ConnectedAccount['status'] };
}
