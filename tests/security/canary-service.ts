import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CanaryService {
  /** The origin that connectors name; the hub is told to go to `target` instead. */
  url: string;
  target: string;
  /** The tokens that it gives out next, in their order. */
  tokens: string[];
  /** Whether credentials are good. */
  accepts: boolean;
  /** How often it was asked. */
  asked: number;
  close(): Promise<void>;
}

/** One small server in the place of every service: it lets in or refuses, gives out tokens, and says back whatever credential it was sent. */
export async function canaryService(): Promise<CanaryService> {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    service.asked += 1;
    answer(service, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: CanaryService = {
    ...{ url: 'https://service.example', target, tokens: [], accepts: true, asked: 0 },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return service;
}

function answer(service: CanaryService, { url = '', headers }: IncomingMessage, response: ServerResponse) {
  const send = (status: number, body: unknown) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-oauth-scopes': 'repo' })
      .end(JSON.stringify(body));
  const inQuery = new URL(url, service.target).searchParams.get('X-Key');
  const said = `You sent ${headers.authorization ?? headers['x-key'] ?? inQuery}.`;
  if (url.includes('token')) {
    const access_token = service.tokens.shift();
    return access_token
      ? send(200, { access_token, token_type: 'bearer', scope: 'repo', expires_in: 3600 })
      : send(401, { error: 'invalid_client', error_description: said });
  }
  if (!service.accepts) return send(401, { message: said, error: { message: said, code: 'invalid_api_key' } });
  const choices = [{ index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  return send(200, { id: 1, login: 'octocat', model: 'gpt-4o-mini', object: 'chat.completion', said, choices, usage });
}
