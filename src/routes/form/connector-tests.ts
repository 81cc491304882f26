import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { tenantDriver } from '../../services/authorizations/oauth-applications.ts';
import { testValues } from '../../services/connectors/connector-test.ts';
import { driverFor } from '../../services/connectors/connectors.ts';
import { getConnector } from '../../services/connectors/installed.ts';
import type { CheckOutcome } from '../../services/health/health-steps.ts';
import type { Env } from '../env.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import type { ConnectorForm } from '../view-models/dialog.ts';
import type { CheckReport } from '../view-models/health.ts';
import { behind } from './connector-answers.ts';
import { editForm, newForm, readConnectorForm, type Submitted } from './connector-form.ts';

const example = {
  form: {
    catalog_key: 'wordpress',
    name: 'Company blog',
    'auth.method': 'basic',
    'auth.~0.username': 'editor',
    'auth.~0.password': 'abcd efgh ijkl mnop qrst uvwx',
    'config.site_url': 'https://blog.example.com',
  },
};

/** “Test connection”: checks what stands in the form, and saves nothing. */
export const connectorTestForms = (tools: PageTools): PageRoute[] => [
  page({ method: 'post', path: paths.newConnectorTest, role: 'admin', audit: null, example }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'test connectors');
    const form = await formData(c);
    const { entry } = await tenantDriver(ctx, driverFor(ctx, String(form.get('catalog_key') ?? '')));
    const submitted = readConnectorForm(entry, form);
    const id = reservedId(form.get('id'));
    return test(tools, ctx, c, { catalogKey: entry.key, submitted }, (again) =>
      newForm(ctx, entry, { submitted, id, ...again }),
    );
  }),
  page({ method: 'put', path: paths.connectorTest(':id'), role: 'admin', audit: null, example }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'test connectors');
    const { connector } = await getConnector(ctx, idOf(c));
    const { entry } = await tenantDriver(ctx, driverFor(ctx, connector.catalog.key));
    const submitted = readConnectorForm(entry, await formData(c));
    return test(tools, ctx, c, { catalogKey: entry.key, connectorId: connector.id, submitted }, (again) =>
      editForm(ctx, entry, connector, { submitted, ...again }),
    );
  }),
];

interface Tested {
  catalogKey: string;
  connectorId?: string;
  submitted: Submitted;
}

type Redraw = (again: { errors?: AppError['errors'] }) => ConnectorForm;

/** The report beside the form as it is; what cannot even be tried is shown in the form. */
async function test(tools: PageTools, ctx: Ctx, c: Context<Env>, { submitted, ...of }: Tested, redraw: Redraw) {
  const { auth, config } = submitted.input;
  try {
    if (Object.keys(submitted.errors).length) throw invalid(submitted.errors);
    const outcome = await testValues(ctx, { ...of, auth, config }, c.req.raw.signal);
    const form = redraw({});
    // The same form with the message at its field knows where that is.
    const report = reportOf(outcome, (errors) => redraw({ errors }).summary?.items[0]?.target ?? '');
    if (isPartial(c)) return tools.html(c, 'health/_report', { report });
    return behind(tools, ctx, c, { kind: 'form', form: { ...form, report } });
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 422 || !error.errors) throw error;
    const form = redraw({ errors: error.errors });
    if (!isPartial(c)) return behind(tools, ctx, c, { kind: 'form', form }, 422);
    c.header('HX-Retarget', '#connector-form');
    c.header('HX-Reswap', 'outerMorph');
    return tools.html(c, 'connectors/_form', { form }, 422);
  }
}

const names = {
  address: 'Address',
  connection: 'Connection',
  tls: 'TLS',
  reply: 'Reply',
  authentication: 'Authentication',
  permission: 'Permission',
};
const words = { passed: 'Passed', warning: 'Warning', failed: 'Failed', skipped: 'Skipped' };

function reportOf({ verdict, message, steps }: CheckOutcome, target: (errors: FieldErrors) => string): CheckReport {
  return {
    tone: verdict === 'passed' ? 'ok' : verdict === 'warned' ? 'warn' : 'bad',
    title:
      verdict === 'failed'
        ? 'The test failed.'
        : verdict === 'warned'
          ? `It works, with a warning. ${message}`
          : `It works. ${message}`,
    steps: steps.map(({ name, status, duration_ms, message, field }) => ({
      ...{ name: names[name], status, word: words[status], ms: duration_ms, message },
      field: field ? target({ [field]: [message] }) : '',
    })),
  };
}
