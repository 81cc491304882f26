import { METHOD_NAME_ALL, type Params, type Router, UnsupportedPathError } from 'hono/router';

interface Route<T> {
  method: string;
  /** Literal ones, `:name` ones, and `*` as the last. */
  parts: string[];
  handler: T;
}

/**
 * Finds the handlers of a path in the order in which they were added, like Hono’s own router, and keeps nothing of the request: that one
 * holds on to the values of the last one at each route, and a link’s token stays in memory until somebody opens another link.
 */
export class ForgetfulRouter<T> implements Router<T> {
  name = 'ForgetfulRouter';
  readonly #routes: Route<T>[] = [];

  add(method: string, path: string, handler: T): void {
    const parts = partsOf(path);
    const odd = (part: string, at: number) =>
      part.includes('*') ? part !== '*' || at < parts.length - 1 : !/^(:\w+|[^:{}?]*)$/.test(part);
    if (parts.some(odd)) throw new UnsupportedPathError(path);
    this.#routes.push({ method, parts, handler });
  }

  match(method: string, path: string): [[T, Params][]] {
    const sent = partsOf(path);
    const found: [T, Params][] = [];
    for (const route of this.#routes) {
      if (route.method !== method && route.method !== METHOD_NAME_ALL) continue;
      const params = paramsIn(sent, route.parts);
      if (params) found.push([route.handler, params]);
    }
    return [found];
  }
}

const partsOf = (path: string) => (path.startsWith('/') ? path.slice(1) : path).split('/');

/** Null when the path is not the route’s. A `*` stands for any number of parts, also for none. */
function paramsIn(sent: string[], parts: string[]): Params | null {
  const open = parts.at(-1) === '*';
  const named = open ? parts.length - 1 : parts.length;
  if (open ? sent.length < named : sent.length !== named) return null;
  for (let at = 0; at < named; at++) {
    const part = parts[at] as string;
    if (part.startsWith(':') ? !sent[at] : part !== sent[at]) return null;
  }
  const params: Params = Object.create(null);
  for (let at = 0; at < named; at++) {
    const part = parts[at] as string;
    if (part.startsWith(':')) params[part.slice(1)] ??= sent[at] as string;
  }
  return params;
}
