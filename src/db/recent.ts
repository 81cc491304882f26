interface Entry {
  value: Promise<unknown>;
  /** Null until it is known; then what anybody writes counts against it. */
  tenantId: string | null;
  /** What had been written when reading began. */
  mark: number;
  /** `performance.now()` */
  until: number;
}

/** What another process writes is noticed here after this time at the latest. */
const keptMs = 500;
const mostEntries = 5_000;
const mostTenants = 10_000;

/**
 * What was read a moment ago, for what each of a thousand calls a second would read again. What this process writes in a workspace counts
 * from the next look on; what others write, after half a second. Nothing opened is kept here: secrets stay in their envelopes.
 */
export class Recent {
  readonly #entries = new Map<string, Entry>();
  /** By tenant, the number of its last change here. */
  readonly #changes = new Map<string, number>();
  #newest = 0;
  /** Of changes that concern everybody, or whose tenant is no longer listed. */
  #everybody = 0;

  /**
   * The value of this key as it was read lately, else as it is read now; callers at the same moment share that. Failures and null are not kept.
   * @param tenantOf whose it is, where that only shows when it is there
   */
  read<T>(key: string, whose: string | ((value: T) => string | undefined), load: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known && performance.now() < known.until && this.isFresh(known.tenantId, known.mark))
      return known.value as Promise<T>;
    const value = load();
    const tenantId = typeof whose === 'string' ? whose : null;
    const entry: Entry = { value, tenantId, mark: this.#newest, until: performance.now() + keptMs };
    this.#keep(key, entry);
    const forget = () => void (this.#entries.get(key) === entry && this.#entries.delete(key));
    value.then((found) => {
      if (found === null) return forget();
      if (typeof whose === 'function') entry.tenantId = whose(found) ?? null;
    }, forget);
    return value;
  }

  #keep(key: string, entry: Entry) {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > mostEntries) this.#entries.delete(this.#entries.keys().next().value as string);
  }

  /** What has been written until now, for `isFresh`. */
  get mark(): number {
    return this.#newest;
  }

  /** Whether nothing was written here in this workspace since then; null for any workspace. */
  isFresh(tenantId: string | null, mark: number): boolean {
    return mark >= (tenantId === null ? this.#newest : Math.max(this.#changes.get(tenantId) ?? 0, this.#everybody));
  }

  /** Something was written in this workspace, or may have been; null for somewhere. */
  changed(tenantId: string | null): void {
    this.#newest += 1;
    if (tenantId === null) {
      this.#everybody = this.#newest;
      this.#changes.clear();
      return;
    }
    this.#changes.delete(tenantId);
    this.#changes.set(tenantId, this.#newest);
    const [oldest] = this.#changes;
    if (this.#changes.size <= mostTenants || !oldest) return;
    this.#changes.delete(oldest[0]);
    this.#everybody = oldest[1];
  }
}
