interface Entry {
  value: Promise<unknown>;
  /** Null until it is known; then what anybody writes counts against it. */
  tenantId: string | null;
  /** What had been written when reading began. */
  mark: number;
  /** `performance.now()` */
  until: number;
  /** What it takes, in characters; 0 until it is known. */
  size: number;
}

/** What another process writes is noticed here after this time at the latest. */
const keptMs = 500;
const mostEntries = 5_000;
const mostCharacters = 32 * 1024 * 1024;
const mostTenants = 10_000;

/**
 * What was read a moment ago, for what each of a thousand calls a second would read again. What this process writes in a workspace counts
 * from the next look on; what others write, after half a second. Nothing opened is kept here: secrets stay in their envelopes.
 */
export class Recent {
  /** Those that were read first come first, and so do those whose time is over. */
  readonly #entries = new Map<string, Entry>();
  #characters = 0;
  /** By tenant, the number of its last change here. */
  readonly #changes = new Map<string, number>();
  #newest = 0;
  /** Of changes that concern everybody, or whose tenant is no longer listed. */
  #everybody = 0;

  /**
   * The value of this key as it was read lately, else as it is read now; callers at the same moment share that. Failures and null are not kept.
   * @param whose the tenant's id, or how to tell it from the value
   * @param sizeOf tells how many characters the value has, where that may be many
   */
  read<T>(
    key: string,
    whose: string | ((value: T) => string | undefined),
    load: () => Promise<T>,
    sizeOf?: (value: T) => number,
  ): Promise<T> {
    const known = this.#entries.get(key);
    if (known && performance.now() < known.until && this.isFresh(known.tenantId, known.mark))
      return known.value as Promise<T>;
    const value = load();
    const tenantId = typeof whose === 'string' ? whose : null;
    const entry: Entry = { value, tenantId, mark: this.#newest, until: performance.now() + keptMs, size: 0 };
    this.#keep(key, entry);
    const isKept = () => this.#entries.get(key) === entry;
    const forget = () => void (isKept() && this.#drop(key));
    value.then((found) => {
      if (found === null) return forget();
      if (typeof whose === 'function') entry.tenantId = whose(found) ?? null;
      if (sizeOf && isKept()) this.#weigh(entry, sizeOf(found));
    }, forget);
    return value;
  }

  /** How much is kept. */
  get held(): { entries: number; characters: number } {
    return { entries: this.#entries.size, characters: this.#characters };
  }

  #keep(key: string, entry: Entry) {
    this.#drop(key);
    this.#entries.set(key, entry);
    this.#clear();
  }

  #weigh(entry: Entry, size: number) {
    entry.size = size;
    this.#characters += size;
    this.#clear();
  }

  /** Lets go of what is over, and of the oldest while there is too much. */
  #clear() {
    const now = performance.now();
    for (const [key, { until }] of this.#entries) {
      if (until > now && this.#entries.size <= mostEntries && this.#characters <= mostCharacters) return;
      this.#drop(key);
    }
  }

  #drop(key: string) {
    this.#characters -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
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
