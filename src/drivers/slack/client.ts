import type { WebClient } from '@slack/web-api';
import { type ExecutionContext, ServiceError, type ServiceFault, type Values } from '../driver.ts';

/** Where Slack is: GovSlack has an address of its own. */
export const origin = (config: Values): string =>
  config.environment === 'gov' ? 'https://slack-gov.com' : 'https://slack.com';
/** Where files are uploaded to, with an address that needs no token. */
export const filesOrigin = (config: Values): string =>
  config.environment === 'gov' ? 'https://files.slack-gov.com' : 'https://files.slack.com';

/** Slack's own client over the guarded fetch, which does all waiting and repeating. */
async function clientOf({ config, auth, fetch }: ExecutionContext): Promise<WebClient> {
  const { LogLevel, WebClient } = await import('@slack/web-api'); // late: only who uses Slack pays for it
  const quiet = {
    debug() {},
    info() {},
    warn() {},
    error() {},
    setLevel() {},
    setName() {},
    getLevel: () => LogLevel.ERROR,
  };
  return new WebClient(String(auth.access_token ?? ''), {
    slackApiUrl: `${origin(config)}/api/`,
    fetch: fetch as never,
    logger: quiet,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    ...(config.team_id ? { teamId: String(config.team_id) } : {}),
  });
}

/**
 * Runs something with the client.
 * @throws ServiceError with Slack's own code and what it means
 */
export async function withSlack<T>(context: ExecutionContext, work: (slack: WebClient) => Promise<T>): Promise<T> {
  const slack = await clientOf(context);
  try {
    return await work(slack);
  } catch (error) {
    throw await explained(error);
  }
}

async function explained(error: unknown): Promise<unknown> {
  const { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } = await import(
    '@slack/web-api'
  );
  if (error instanceof WebAPIPlatformError) return platformError(error.data as unknown as Refusal, error);
  if (error instanceof WebAPIRateLimitedError)
    return new ServiceError('rate_limited', 'Slack asks for fewer requests.', {
      retryAfterMs: error.retryAfter * 1000,
      cause: error,
    });
  if (error instanceof WebAPIHTTPError)
    return new ServiceError('service', `Slack failed (HTTP ${error.statusCode}).`, {
      status: error.statusCode,
      cause: error,
    });
  return error instanceof WebAPIRequestError ? error.original : error;
}

interface Refusal {
  error: string;
  needed?: string;
  provided?: string;
  response_metadata?: { messages?: string[] };
}

/** Slack answers 200 and a code: https://docs.slack.dev/apis/web-api/#errors */
const faults: [ServiceFault, RegExp, string][] = [
  [
    'credential',
    /^(invalid_auth|not_authed|account_inactive|token_revoked|token_expired|no_permission_token|org_login_required)$/,
    'Slack does not accept the token. Connect the workspace again, or enter a new token',
  ],
  [
    'permission',
    /^(missing_scope|not_allowed_token_type|ekm_access_denied|access_denied|no_permission|restricted_action.*|not_in_channel|cant_(update|delete)_message)$/,
    'The app may not do this',
  ],
  [
    'not_found',
    /(_not_found|^message_not_found|^unknown_.*|^no_such_.*)$/,
    'Slack does not know this, or the app may not see it',
  ],
  ['rate_limited', /^(ratelimited|rate_limited|message_limit_exceeded)$/, 'Slack asks for fewer requests'],
  ['conflict', /^(already_.*|is_archived|edit_window_closed|duplicate_.*)$/, 'Slack refuses this in its current state'],
  ['service', /^(internal_error|fatal_error|service_unavailable|request_timeout|team_added_to_org)$/, 'Slack failed'],
];

function platformError({ error, needed, response_metadata }: Refusal, cause: unknown): ServiceError {
  const [fault, , sentence] = faults.find(([, pattern]) => pattern.test(error)) ?? [
    'input' as const,
    null,
    'Slack refuses the request',
  ];
  const scope = needed ? ` It needs the scope ${needed}: add it to the Slack app, and connect again.` : '';
  const hint = response_metadata?.messages?.[0]?.replace(/^\[(ERROR|WARN)\]\s*/, '') ?? '';
  return new ServiceError(fault, `${sentence} (${error}).${scope}${hint ? ` ${hint}` : ''}`, {
    serviceCode: error,
    cause,
  });
}
