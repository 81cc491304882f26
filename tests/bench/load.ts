import { Pool } from 'undici';

export interface Request {
  method?: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
  status?: number;
}

/**
 * Requests a second that a server answers, with some clients asking all the time.
 * @param requestOf the nth request
 * @throws Error when an answer has another status than expected
 */
export async function throughput(
  origin: string,
  { requests, clients }: { requests: number; clients: number },
  requestOf: (index: number) => Request,
): Promise<number> {
  const pool = new Pool(origin, { connections: clients });
  let next = 0;
  const started = performance.now();
  const client = async () => {
    for (let index = next++; index < requests; index = next++) {
      const { method = 'GET', status = 200, ...request } = requestOf(index);
      const answer = await pool.request({ method, ...request });
      const text = await answer.body.text();
      if (answer.statusCode !== status)
        throw new Error(`${method} ${request.path} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
    return (requests / (performance.now() - started)) * 1000;
  } finally {
    await pool.close();
  }
}
