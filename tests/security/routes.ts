import type { TestApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { about, needsRow, rowFor } from '../support/rows.ts';

/** Any route of the app, as it declares itself. */
export interface Route {
  name: string;
  kind: 'api' | 'page';
  method: string;
  path: string;
  role: string;
  scope: string | null;
  audit: string | null;
  status: number | 'service' | null;
  example: {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: unknown;
    form?: Record<string, string>;
  };
}

/** Every route with a declaration; the sweeps see to it that there is no other one. */
export function routesOf({ declared }: TestApp): Route[] {
  const operations = declared.operations.map(({ operation }) => ({ ...operation, kind: 'api' as const }));
  const pages = declared.pages.map((page) => ({ ...page, kind: 'page' as const, scope: null, status: null }));
  return [...operations, ...pages].map((route) => {
    const method = route.method.toUpperCase();
    return { ...route, method, name: `${method} ${route.path}` };
  });
}

let count = 0;

interface Sending {
  person?: Person | null;
  headers?: Record<string, string>;
  /** Instead of the method that it has. */
  method?: string;
  /** Makes another address of the usual one. */
  spelled?(path: string): string;
}

/** The route's example about this row, under a name that nothing else has. */
export function ask(hub: TestApp, route: Route, id: string, { person = null, headers, method, spelled }: Sending) {
  const { params = {}, query = {}, body, form } = route.example;
  const path = route.path
    .replace(/:(\w+)/g, (_all, name: string) => (name === 'id' ? id : (params[name] ?? 'x')))
    .replace('*', 'x');
  const address =
    (spelled ? spelled(path) : path) + (Object.keys(query).length && !spelled ? `?${new URLSearchParams(query)}` : '');
  const as = method ?? route.method;
  if (route.kind === 'api' || method !== undefined || as === 'GET')
    return hub.as(
      person,
      as,
      address,
      ['GET', 'HEAD'].includes(as) ? undefined : named(about(body ?? form, id)),
      headers,
    );
  const override: Record<string, string> = as === 'POST' ? {} : { _method: as };
  const fields = { tenant_id: person?.tenantId ?? '', ...named(about(form, id)), ...override };
  return hub.post(person, address, fields as Record<string, string>, headers);
}

function named<T>(body: T): T {
  if (typeof body !== 'object' || body === null || !('name' in body)) return body;
  count += 1;
  return { ...body, name: `Asked ${count}` };
}

/** The row that the route is about, made for it. */
export const rowOf = (hub: TestApp, route: Route): Promise<string> | string =>
  needsRow(route) ? rowFor(hub, route.path) : '';
