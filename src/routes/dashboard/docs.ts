import { publishedFormat } from '../../drivers/declarative-format.ts';
import { readReference } from '../../lib/reference.ts';
import { publishedSchema, schemaUrl } from '../../services/connector-files/file-schema.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** The API's description, for programs and for people; public. */
export function docsPages(tools: PageTools, document: Record<string, unknown>): PageRoute[] {
  const { drivers, config } = tools.hub;
  const reference = readReference(document);
  return [
    publicPage({ method: 'get', path: paths.openapi, role: 'public', audit: null, example: {} }, (c) =>
      c.json(document),
    ),
    publicPage(
      { method: 'get', path: paths.connectorsFileSchema, role: 'public', audit: null, example: {} },
      async (c) => {
        const session = await tools.identity.readSession(c.req.raw.headers);
        return c.json(publishedSchema(drivers, schemaUrl(config.baseUrl), { own: Boolean(session?.tenant) }));
      },
    ),
    publicPage({ method: 'get', path: paths.catalogEntrySchema, role: 'public', audit: null, example: {} }, (c) =>
      c.json(publishedFormat()),
    ),
    publicPage({ method: 'get', path: paths.docs, role: 'public', audit: null, example: {} }, (c) =>
      tools.html(c, 'docs/index', { reference }),
    ),
  ];
}
