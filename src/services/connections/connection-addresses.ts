/** Addresses that leave the hub: they stand at services and in links. Without the base path; the routes are there. */

/** The page on which an authorisation goes on. */
export const startPath = (requestId: string) => `/connections/oauth/start/${requestId}`;

/** Where services send browsers back to; one address for all connectors, and one below it for each. */
export const callbackPath = '/connections/oauth/callback';
export const connectorCallbackPath = (connectorId: string) => `${callbackPath}/${connectorId}`;

/** The page behind a connect link. */
export const linkPath = (token: string) => `/connections/links/${token}`;

/** Where a broker reports what became of a connector's accounts. */
export const brokerEventsPath = (connectorId: string) => `/connections/webhook/${connectorId}`;
