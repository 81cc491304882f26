import { setTimeout as sleep } from 'node:timers/promises';
import { demo } from '../../seeds/demo.ts';

interface Target {
  id: string;
  name: string;
  ready: boolean;
}

interface Post {
  id: string;
  status: string;
  targets: { name: string; status: string; url: string | null; error: { message: string } | null }[];
}

const content = {
  title: 'Northwind has a connector hub',
  text: 'One text, four services, one request: this came out of the demo. #patchbay',
  tags: ['demo'],
};

/**
 * Publishes one text to every service of the demo that takes it, as a program would.
 * @returns a line for each service: its name, what came of it, and where it stands
 * @throws Error when the hub refuses, or nothing is decided within a minute
 */
export async function publishOnce(hub: string): Promise<string[]> {
  const cookie = await signIn(hub);
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = { cookie, 'content-type': 'application/json' };
    const answer = await fetch(`${hub}${path}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  // Each is checked first, by a job.
  const targets = await until(
    async () => (await ask<{ data: Target[] }>('GET', '/api/publish-targets')).data,
    (found) => found.length > 0 && found.every(({ ready }) => ready),
  );
  const { id } = await ask<Post>('POST', '/api/publish', { targets: targets.map((target) => target.id), content });
  const post = await until(
    () => ask<Post>('GET', `/api/posts/${id}`),
    ({ status }) => status !== 'publishing' && status !== 'scheduled',
  );
  const width = Math.max(...post.targets.map(({ name }) => name.length));
  return post.targets.map(({ name, status, url, error }) =>
    `${name.padEnd(width)}  ${status}  ${url ?? error?.message ?? ''}`.trimEnd(),
  );
}

async function signIn(hub: string): Promise<string> {
  const { email, password } = demo.admin;
  const answer = await fetch(`${hub}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`Ada cannot sign in: ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
}

async function until<T>(look: () => Promise<T>, isDone: (found: T) => boolean): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(250)) {
    const found = await look();
    if (isDone(found)) return found;
  }
  throw new Error('The demo did not publish within a minute.');
}
