/** Work that goes on after its request was answered, and ends before the process does. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  /** @param work gets a signal upon which it ends soon; it never rejects */
  start(work: (signal: AbortSignal) => Promise<void>): void {
    const running = work(this.#stopping.signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Tells all work to end, and waits for that. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }
}
