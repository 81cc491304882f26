import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { DriverRegistry } from '../drivers/index.ts';
import { type Assets, loadAssets } from '../lib/assets.ts';
import { whole } from '../lib/figures.ts';
import { brandIcon, brandSprite, iconsIn, inlineBrand, uiIcon, uiSprite } from '../lib/icons.ts';
import { jsonEditorModule } from '../lib/json-editor.ts';
import { keptHtml } from '../lib/kept-html.ts';
import { timeOfDay } from '../lib/time.ts';
import { createViews, templatesIn } from '../lib/views.ts';
import { paths } from './paths.ts';
import type { Models, PatchbayViews, ViewGlobals } from './view-models/models.ts';

const root = path.resolve(import.meta.dirname, '../..');
const viewsDir = path.join(root, 'views');

/** Stands for a service whose driver is gone. */
const noBrand = 'plug';

/** Everything that the browser gets: templates compiled, public files and sprites read. */
export async function loadPresentation(
  { basePath, outbound }: Pick<Config, 'basePath' | 'outbound'>,
  drivers: DriverRegistry,
): Promise<{ views: PatchbayViews; assets: Assets }> {
  const icons = templatesIn(viewsDir).flatMap((file) => iconsIn(readFileSync(path.join(viewsDir, file), 'utf8')));
  const all = [...drivers.values()];
  // The sprites are public; which services an operator added is for people who are signed in.
  const own = new Map(
    all.filter(({ file }) => file).map(({ entry, icon }) => [entry.key, inlineBrand(entry.key, icon)]),
  );
  const assets = await loadAssets(path.join(root, 'public'), {
    'js/htmx.js': readFileSync(fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'))),
    'js/forms/island/json-editor.js': await jsonEditorModule(),
    'icons.svg': uiSprite([...icons, noBrand]),
    'brands.svg': brandSprite(all.filter(({ file }) => !file).map(({ entry, icon }) => [entry.key, icon])),
  });
  const url = (at: string) => `${basePath}${at}`;
  const asset = (name: string) => url(assets.path(name));
  const icon = (name: string) => uiIcon(asset('icons.svg'), name);
  const globals: ViewGlobals = {
    url,
    link: (to, query) => `${url(to)}${queryOf(query)}`,
    asset,
    modules: assets.importsOf('js/app.js').map(asset),
    standIns: outbound.overrides.entries().map(([origin]) => origin),
    icon,
    brand: (name) => own.get(name) ?? (drivers.has(name) ? brandIcon(asset('brands.svg'), name) : icon(noBrand)),
    ...keptHtml(),
    timeOfDay,
    plural: (count, one, many) => `${whole(count)} ${count === 1 ? one : many}`,
    paths,
  };
  return { views: createViews<Models>(viewsDir, globals), assets };
}

function queryOf(values: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')).toString();
  return query && `?${query}`;
}
