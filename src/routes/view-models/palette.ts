import type { Shell } from './shell.ts';

// What the templates under views/palette/ are given.

export interface Place {
  label: string;
  /** What tells it from others of that name; '' for nothing. */
  detail: string;
  path: string;
  /** The brand whose icon it carries; '' for a page of the hub. */
  brand: string;
}

export interface Palette {
  q: string;
  /** Those without a place are left out. */
  groups: { label: string; places: Place[] }[];
}

export interface PaletteModels {
  'palette/index': { shell: Shell; palette: Palette };
  'palette/_dialog': { palette: Palette };
  'palette/_places': { palette: Palette };
}

export interface PalettePartials {
  'palette/_search': { palette: Palette };
}
