import type { BrokerTool } from '../../drivers/driver.ts';

/** What a broker calls `GMAIL_SEND_EMAIL` is `gmail.send_email` here: the toolkit stands once. */
export function toolNameIn({ toolkit, slug }: Pick<BrokerTool, 'toolkit' | 'slug'>): string {
  const own = slug.startsWith(`${toolkit}_`) ? slug.slice(toolkit.length + 1) : slug;
  return `${toolkit}.${own}`;
}

/** The names under which a broker may know it. */
export function brokerKeysOf(name: string): { toolkit: string; keys: string[] } | null {
  const [, toolkit, own] = /^([a-z0-9_-]{1,100})\.([a-z0-9_.-]{1,150})$/.exec(name) ?? [];
  return toolkit && own ? { toolkit, keys: [`${toolkit}_${own}`, own] } : null;
}
