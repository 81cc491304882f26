import { mayActAs } from '../../context.ts';
import { getModelSettings, setDefaultModelConnector } from '../../services/gateway/model-settings.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, page } from '../page.ts';
import { frame, settingsNav } from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** Through which connector the workspace asks language models. */
export const modelSettingsForms = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.modelSettings, role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const { connectors, defaultId } = await getModelSettings(ctx);
    const none = { value: '', label: 'None: programs say it, unless there is only one', chosen: defaultId === null };
    const options = connectors.map(({ id, name, handle, status }) => ({
      value: id,
      label: `${name} (${handle}${status === 'active' ? '' : `, ${status}`})`,
      chosen: id === defaultId,
    }));
    return tools.html(c, 'settings/models', {
      shell: await frame(tools, ctx, c, 'Language models'),
      nav: settingsNav(ctx, paths.modelSettings),
      options: [none, ...options],
      locked: mayActAs(ctx.actor, 'admin')
        ? ''
        : 'Only owners and admins can choose how models are asked. Ask one of them.',
    });
  }),
  page(
    { method: 'put', path: paths.modelSettings, role: 'admin', audit: 'settings.updated', example: { form: {} } },
    async (ctx, c) => {
      await setDefaultModelConnector(ctx, (await formFields(c))?.get('default_connector_id') || null);
      leaveNotice(c, tools.hub, { tone: 'ok', text: 'The default connector to language models is saved.' });
      return tools.redirect(c, paths.modelSettings);
    },
  ),
];
