import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { escapeHtml } from './html.ts';

interface IconSet {
  icons: Record<string, { body: string }>;
  aliases?: Record<string, { parent: string }>;
}

/**
 * The SVG sprite of the UI icons with these names.
 * @throws Error that lists the names that the icon set lacks
 */
export function uiSprite(names: Iterable<string>): string {
  const set = readIconSet();
  const wanted = [...new Set(names)].sort();
  const missing = wanted.filter((name) => !bodyOf(set, name));
  if (missing.length) throw new Error(`The icon set has no ${missing.map((name) => `“${name}”`).join(', ')}.`);
  return sprite(wanted.map((name) => `<symbol id="${name}" viewBox="0 0 24 24">${bodyOf(set, name)}</symbol>`));
}

const readIconSet = (): IconSet =>
  JSON.parse(readFileSync(fileURLToPath(import.meta.resolve('@iconify-json/lucide/icons.json')), 'utf8'));

const bodyOf = ({ icons, aliases }: IconSet, name: string) => icons[aliases?.[name]?.parent ?? name]?.body;

/** The names of the UI icons that a template asks for by `icon('name')`. */
export const iconsIn = (template: string): string[] =>
  [...template.matchAll(/\bicon\('([^']+)'\)/g)].map(([, name = '']) => name);

/**
 * The SVG sprite of brand icons.
 * @param brands name and text of an SVG file each
 * @throws Error that names a brand whose file is no plain drawing
 */
export const brandSprite = (brands: Iterable<[name: string, svg: string]>): string =>
  sprite([...brands].map(([name, svg]) => brandSymbol(name, svg)));

const brandSymbol = (name: string, svg: string): string => {
  const { attributes, body } = drawingIn(name, svg);
  return `<symbol id="${name}" ${attributes}>${body}</symbol>`;
};

/** The same icon by itself, for a page: what stands in no public sprite. @throws Error as `brandSprite` */
export const inlineBrand = (name: string, svg: string): string => {
  const { attributes, body } = drawingIn(name, svg);
  return `<svg aria-hidden="true" ${attributes}>${body}</svg>`;
};

/** What acts, looks like something else, or leads out of the drawing. HTML takes a slash or a quote for the space before an attribute. */
const moreThanShapes =
  /<(\/?svg|script|style|foreignObject|image|a|set|animate\w*)\b|[\s/"'](on\w+|style|class)\s*=|href\s*=\s*(?!"#)|&|javascript:/i;

function drawingIn(name: string, svg: string): { attributes: string; body: string } {
  const [, attributes = '', body = ''] = /^\s*<svg\s([^>]*)>(.*)<\/svg>\s*$/s.exec(svg) ?? [];
  const viewBox = /\bviewBox="([\d. -]+)"/.exec(attributes)?.[1];
  if (!viewBox) throw new Error(`The icon of ${name} is no SVG with a viewBox.`);
  if (moreThanShapes.test(body))
    throw new Error(`The icon of ${name} holds more than shapes; the pages' security policy would block it.`);
  const fill = /\bfill="([^"]+)"/.exec(attributes)?.[1];
  return { attributes: `viewBox="${viewBox}"${fill ? ` fill="${fill}"` : ''}`, body: withOwnIds(name, body) };
}

/** Ids inside an icon are told apart by the brand's name: they share one document now. */
const withOwnIds = (name: string, body: string) =>
  body
    .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${name}-$1"`);

const sprite = (symbols: string[]) => `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;

/** A UI icon out of the sprite at this address. */
export const uiIcon = (address: string, name: string): string =>
  `<svg class="i" aria-hidden="true"><use href="${escapeHtml(address)}#${escapeHtml(name)}"/></svg>`;

/** A brand's icon out of the sprite at this address. */
export const brandIcon = (address: string, name: string): string =>
  `<svg aria-hidden="true"><use href="${escapeHtml(address)}#${escapeHtml(name)}"/></svg>`;
