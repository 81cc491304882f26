import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Eta, type TemplateFunction } from 'eta';
import { escapeHtml } from './html.ts';

/** What every template is given beside its model. Those that return HTML are printed with `<%~`. */
export interface Helpers {
  /** A path of ours with the base path in front. */
  url(path: string): string;
  /** The same with a query; what is empty is left out of it. */
  link(path: string, query: Record<string, string>): string;
  /** The address of a public file, such as `app.css` or `js/app.js`. */
  asset(name: string): string;
  /** Addresses of the modules that `js/app.js` imports, to be loaded ahead. */
  modules: string[];
  /** Origins that the operator has others stand in for; empty on most hubs. */
  standIns: string[];
  /** A UI icon as HTML. */
  icon(name: string): string;
  /** A brand's icon as HTML; of an unknown brand a plug. */
  brand(name: string): string;
  /** A `<time>` as HTML: relative, with the full time in its title. */
  ago(date: Date): string;
  /** The HTML as it was written when this model was first shown; its times tell anew how long ago they were. */
  kept(model: object, html: () => string): string;
  /** A `<time>` as HTML: the time of day. */
  timeOfDay(date: Date): string;
  /** `1 connector`, `2 connectors`. */
  plural(count: number, one: string, many: string): string;
}

export interface Views<Models extends object> {
  render<K extends keyof Models & string>(name: K, model: Models[K]): string;
}

/**
 * Compiles every template below a folder.
 * @param globals what every template is given beside its model
 * @throws Error that names the file and what is wrong with it
 */
export function createViews<Models extends object>(dir: string, globals: object): Views<Models> {
  const root = path.resolve(dir);
  const eta = new Eta({ views: root, cache: true, escapeFunction: escapeHtml });
  const templates = new Map<string, TemplateFunction>();
  for (const file of templatesIn(root)) {
    const filepath = path.join(root, file);
    templates.set(`/${file.replace(/\.eta$/, '')}`, compile(eta, filepath));
  }
  // Includes come here as well; Eta itself would look for the file each time.
  eta.render = (name: string | TemplateFunction, model: object) => {
    const template = templates.get(String(name));
    if (!template) throw new Error(`There is no template ${name}.`);
    return template.call(eta, model);
  };
  return {
    render: (name, model) => eta.render(`/${name}`, { ...globals, ...(model as object) }),
  };
}

/** The templates below a folder, relative to it, e.g. `catalog/index.eta`. */
export const templatesIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.eta'));

function compile(eta: Eta, filepath: string) {
  try {
    return eta.compile(readFileSync(filepath, 'utf8'), { filepath });
  } catch (error) {
    throw new Error(`${filepath} is not a template: ${(error as Error).message}`, { cause: error });
  }
}
