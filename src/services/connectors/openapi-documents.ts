import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type LoadedDriver, ServiceError, serviceError } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { OpenApiError, type OpenApiReading, openApiLimits, readOpenApi } from '../../lib/openapi/read.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { callOpened } from '../calls/calls.ts';
import type { Destinations } from '../calls/destinations.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/** Where a document is taken from: pasted, or an address. */
export interface DocumentSource {
  document?: string;
  url?: string;
}

export interface ReadDocument extends OpenApiReading {
  /** Where it came from, without what may be secret in its query; null when it was pasted. */
  source: string | null;
}

/** @throws AppError invalid_input at `document` or `url` */
export async function readDocument(
  ctx: Ctx,
  driver: LoadedDriver,
  connector: ConnectorRow,
  { document, url }: DocumentSource,
): Promise<ReadDocument> {
  const given = url?.trim();
  if (!given && !document?.trim()) throw invalid({ document: ['Paste an OpenAPI document, or enter its address.'] });
  if (given && document?.trim()) throw invalid({ url: ['Paste a document or enter an address, not both.'] });
  const address = given ? addressOf(given) : null;
  try {
    const text = address ? await fetched(ctx, driver, connector, address) : (document as string);
    return { ...(await readOpenApi(text)), source: address && address.origin + address.pathname };
  } catch (error) {
    if (error instanceof OpenApiError || error instanceof ServiceError || error instanceof OutboundError)
      throw invalid({ [address ? 'url' : 'document']: [error.message] });
    throw error;
  }
}

function addressOf(text: string): URL {
  const url = URL.parse(text);
  const plain =
    url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password && text.length <= 2048;
  if (!plain)
    throw invalid({ url: ['Enter a full address that starts with https://, without user name and password.'] });
  return url;
}

/**
 * Without the connector's credential and headers, and from this origin alone. Where that is the connector's own, with its certificates
 * and under the guard of its secrets.
 */
async function fetched(ctx: Ctx, driver: LoadedDriver, connector: ConnectorRow, url: URL): Promise<string> {
  const base = driver.proxy?.base(withoutSecrets(connector.config));
  const own = base !== undefined && URL.parse(base)?.origin === url.origin;
  const opened = own ? await openTarget(ctx, { driver, connector, connection: null }) : null;
  const config = opened ? { tls: opened.config.tls } : {};
  const destinations: Destinations = opened?.destinations ?? {
    allows: (origin) => origin === url.origin,
    allowsTokens: () => false,
  };
  const target = { driver, config, auth: {}, destinations, connectorId: connector.id };
  const options = { sideEffect: 'none', deadlineMs: 30_000, maxBytes: openApiLimits.bytes } as const;
  const { value } = await callOpened(ctx, target, options, async ({ fetch, signal }) => {
    const headers = { accept: 'application/json, application/yaml;q=0.9, */*;q=0.5' };
    const response = await fetch(url, { headers, signal });
    if (!response.ok) throw serviceError(response);
    return response.text();
  });
  return value;
}
