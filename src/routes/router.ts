import { TrieRouter } from 'hono/router/trie-router';

/**
 * Hono’s own router, which by itself holds on to the values of the last path at each route: a link’s token would stay in memory until
 * somebody opens another link. So each path is followed by one with blanks in their place, which takes the same way.
 */
export class ForgetfulRouter<T> extends TrieRouter<T> {
  readonly #words = new Set<string>();

  override add(method: string, path: string, handler: T): void {
    for (const part of path.split('/')) this.#words.add(part);
    super.add(method, path, handler);
  }

  override match(method: string, path: string) {
    const found = super.match(method, path);
    const blank = path
      .split('/')
      .map((part) => (this.#words.has(part) ? part : '-'))
      .join('/');
    if (blank !== path) super.match(method, blank);
    return found;
  }
}
