/** What the operator set for connectors of a workspace; drivers say which field each variable fills. */
export interface EnvironmentConnectors {
  /** The workspace that they appear in, by its name, short name or id; null for none. */
  readonly tenant: string | null;
  /** By the variable's name; only those that are set. */
  readonly values: Readonly<Record<string, string>>;
}

/** Every variable that may fill a field of a connector. */
export const connectorVariables = [
  ...['AUTH_METHOD', 'API_KEY', 'OPENAI_BASE_URL', 'OPENAI_TIMEOUT', 'DEFAULT_TEMPERATURE', 'DEFAULT_MAX_TOKENS'],
  ...['OAUTH_ENDPOINT', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET', 'OAUTH_GRANT_TYPE'],
  ...['POSTGRES_HOST', 'POSTGRES_PORT', 'POSTGRES_DATABASE', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_SSLMODE'],
];

export function readEnvironmentConnectors(
  read: (name: string) => string | undefined,
  problems: string[],
): EnvironmentConnectors {
  const set = connectorVariables.flatMap((name): [string, string][] => {
    const text = read(name);
    return text === undefined ? [] : [[name, text]];
  });
  const values = Object.freeze(Object.fromEntries(set));
  if ((values.OAUTH_GRANT_TYPE ?? 'client_credentials') !== 'client_credentials')
    problems.push('OAUTH_GRANT_TYPE must be client_credentials: there is no other way without a person.');
  return Object.freeze({ tenant: read('ENV_CONNECTORS_TENANT') ?? read('ADMIN_TENANT') ?? null, values });
}
