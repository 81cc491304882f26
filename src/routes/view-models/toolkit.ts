/** A service that a broker brings, in the catalog. */
export interface ToolkitCard {
  /** Of the dialog that connects it. */
  path: string;
  name: string;
  description: string;
  /** '' where the broker names none. */
  category: string;
  /** The broker's name. */
  via: string;
  /** Null where the broker does not tell. */
  tools: number | null;
  /** Whether some account of it is there that this person reaches. */
  connected: boolean;
}

/** A page of what a broker brings. */
export interface ToolkitResults {
  broker: string;
  cards: ToolkitCard[];
  /** On later pages the catalog's own entries are left out. */
  first: boolean;
  /** Path of the next page; null on the last one. */
  next: string | null;
  /** Since when the broker could not be asked; null while it answers. */
  staleSince: Date | null;
  /** Why there is nothing to show; '' when there is. */
  trouble: string;
}

export interface ToolkitPartials {
  'catalog/_toolkits': { toolkits: ToolkitResults; q: string };
  'catalog/_toolkit': { card: ToolkitCard };
}
