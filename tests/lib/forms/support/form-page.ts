import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { loadAssets } from '../../../../src/lib/assets.ts';
import type { Field } from '../../../../src/lib/forms/field.ts';
import { errorSummary } from '../../../../src/lib/forms/summary.ts';
import type { FormViews } from '../../../../src/lib/forms/views.ts';
import { uiIcon, uiSprite } from '../../../../src/lib/icons.ts';
import { jsonEditorModule } from '../../../../src/lib/json-editor.ts';
import { createViews } from '../../../../src/lib/views.ts';

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const icons = ['chevron-right', 'circle-alert', 'copy', 'eye', 'lock-keyhole', 'triangle-alert'];

export interface FormPage {
  title: string;
  sections: { title: string; fields: Field[] }[];
  errors?: Record<string, string[]>;
  theme?: 'light' | 'dark';
}

export interface FormServer extends AsyncDisposable {
  origin: string;
  /** What GET answers from now on: one form in a dialog, or several one below the other. */
  show(pages: FormPage | FormPage[]): void;
  /** Forms that were posted, in order. */
  posted: URLSearchParams[];
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'";

/** Serves one form in a dialog with the real style sheet, scripts and security policy, on a free port. */
export async function serveForms(): Promise<FormServer> {
  const assets = await loadAssets(at('public'), {
    'icons.svg': uiSprite(icons),
    'js/forms/island/json-editor.js': await jsonEditorModule(),
  });
  const views = createViews<FormViews>(at('views'), {});
  const icon = (name: string) => uiIcon(assets.path('icons.svg'), name);
  let pages: FormPage[] = [];
  const posted: URLSearchParams[] = [];

  const formOf = (page: FormPage) => {
    const summary = errorSummary(
      page.sections.flatMap(({ fields }) => fields),
      page.errors,
    );
    const sections = page.sections.map(
      ({ title, fields }) =>
        `<section>${title && `<h3>${title}</h3>`}<div class="fields">${views.render('forms/_fields', { fields, icon })}</div></section>`,
    );
    return `<form method="post" action="/" novalidate data-unsaved><div class="m-head"><div><h2>${page.title}</h2></div></div>
<div class="m-body">${summary ? views.render('forms/_error-summary', { summary, icon }) : ''}${sections.join('')}</div>
<div class="m-foot"><button class="btn primary" type="submit">Save</button></div></form>`;
  };
  const documentOf = (shown: FormPage[]) => {
    const [tag, end] =
      shown.length > 1 ? ['<div>', '</div>'] : ['<dialog class="modal" open aria-label="Form">', '</dialog>'];
    const forms = shown.map((page) => `${tag}${formOf(page)}${end}`).join('');
    return `<!doctype html><html lang="en" data-theme="${shown[0]?.theme ?? 'light'}"><head><title>Forms</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="${assets.path('app.css')}"><script type="module" src="${assets.path('js/forms/index.js')}"></script></head>
<body><main><h1 class="vh">Forms</h1>${forms}</main></body></html>`;
  };

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/assets/')) {
      const asset = await assets.respond(pathname, '');
      response.writeHead(asset.status, asset.headers).end(asset.body);
      return;
    }
    if (request.method === 'POST') posted.push(new URLSearchParams(await bodyOf(request)));
    const status = pages.length === 1 && pages[0]?.errors ? 422 : 200;
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy });
    response.end(documentOf(pages));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    posted,
    show(given) {
      pages = [given].flat();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
