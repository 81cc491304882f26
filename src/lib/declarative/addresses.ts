import { addressBelow } from '../address-below.ts';
import { valueAt } from './paths.ts';
import { fillPath, isLiteral, parseTemplate, referencesIn, type Template, TemplateError } from './templates.ts';

/** The address of a service: fixed, with settings in its host or path, or one that was entered. */
export interface Address {
  /** The setting that holds a whole address; null for one that is written out. */
  entered: string | null;
  scheme: string;
  /** The labels of the host: a text, or the setting that gives it. */
  labels: (string | { setting: string })[];
  port: string;
  path: Template;
}

type Settings = Record<string, unknown>;

const shape =
  /^(?:\{config\.([a-z][a-z0-9_]*)\}|(https?):\/\/((?:[A-Za-z0-9.-]|\{[^{}]*\}|\[[0-9a-fA-F:.]+\])+)(:[0-9]{1,5})?)(\/[^?#\s\\]*)?$/;
const hint =
  'is no address; write https://api.example.com/v1, https://{config.region}.example.com or {config.base_url}/v1.';

/** @throws TemplateError */
export function parseAddress(text: string): Address {
  const [whole, entered, scheme = '', host = '', port = '', path = ''] = shape.exec(text) ?? [];
  if (whole === undefined) throw new TemplateError(hint);
  const address = { entered: entered ?? null, scheme, port, path: parseTemplate(path.replace(/\/+$/, '')) };
  if (entered) return { ...address, labels: [] };
  const labels = host.startsWith('[') ? [host] : host.split(/\.(?![^{}]*\})/).map(labelOf);
  if (labels.includes('')) throw new TemplateError(hint);
  const last = labels.findLastIndex((label) => typeof label === 'object');
  if (last >= 0 && labels.length - last < 3)
    throw new TemplateError(
      'lets a setting choose the domain; at least two fixed names have to follow it, such as .example.com.',
    );
  if (!URL.canParse(`${scheme}://${labels.map((label) => (typeof label === 'string' ? label : 'a')).join('.')}${port}`))
    throw new TemplateError(hint);
  return { ...address, labels };
}

function labelOf(text: string): string | { setting: string } {
  if (!text.includes('{')) return text;
  const [, setting] = /^\{config\.([a-z][a-z0-9_]*)\}$/.exec(text) ?? [];
  if (setting) return { setting };
  throw new TemplateError(
    'has a placeholder in the host that is no whole name between dots; write {config.region}.example.com.',
  );
}

/** What a setting may be that gives a part of a host. */
export const labelPattern = '^[A-Za-z0-9][A-Za-z0-9-]{0,61}$';
const label = new RegExp(labelPattern);

/** The address for these settings, without a slash at its end; '' when they make none. */
export function addressFor(address: Address, config: Settings): string {
  const root = rootOf(address, config);
  if (!root) return '';
  try {
    return addressBelow(root, fillPath(address.path, { config }))?.href.replace(/\/+$/, '') ?? '';
  } catch {
    return '';
  }
}

function rootOf({ entered, scheme, labels, port }: Address, config: Settings): string {
  if (entered) {
    const text = valueAt(config, [entered]);
    const url = typeof text === 'string' ? URL.parse(text) : null;
    return url && ['http:', 'https:'].includes(url.protocol) && url.host ? `${url.origin}${url.pathname}` : '';
  }
  const names = labels.map((each) => (typeof each === 'string' ? each : String(valueAt(config, [each.setting]) ?? '')));
  const fits = labels.every((each, index) => typeof each === 'string' || label.test(names[index] ?? ''));
  return fits ? `${scheme}://${names.join('.')}${port}` : '';
}

/** The settings that decide the host. */
export const hostSettings = ({ entered, labels }: Address): string[] =>
  entered ? [entered] : labels.flatMap((each) => (typeof each === 'string' ? [] : [each.setting]));

/** The settings in the whole of it. */
export const settingsIn = (address: Address): string[] => [
  ...hostSettings(address),
  ...referencesIn(address.path).map(({ path }) => path[0] ?? ''),
];

/** The same for every connector. */
export const isFixed = (address: Address): boolean => !hostSettings(address).length && isLiteral(address.path);
