import type { Context } from 'hono';
import { howToAddMasterKey } from '../../services/secrets/master-keys.ts';
import {
  type DataKeyState,
  type MasterKeyState,
  rotationState,
  startDataKeyRotation,
  startMasterKeyRotation,
} from '../../services/secrets/rotations.ts';
import type { OperatorCtx } from '../../services/tenants/operator-trail.ts';
import type { Upkeep } from '../../services/upkeep.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { isPartial, operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ShownDataKeys, ShownMasterKey, ShownMasterKeys } from '../view-models/operator-upkeep.ts';
import { eventRow } from './operator-activity.ts';
import { operatorShell } from './operator-shell.ts';

/** Which keys are in use, and how far their change is. */
export const operatorKeyPages = (tools: PageTools, upkeep: Upkeep): PageRoute[] => [
  operatorPage(tools.hub, { method: 'get', path: paths.operatorKeys, audit: null, example: {} }, async (ctx, c) => {
    const { master, data } = await rotationState(ctx, upkeep);
    const model = { master: shownMaster(ctx, master), data: shownData(data) };
    if (isPartial(c)) return tools.html(c, 'operator/_keys', model);
    return tools.html(c, 'operator/keys', { shell: operatorShell(tools, c, 'Keys', 'keys'), ...model });
  }),
  operatorPage(
    tools.hub,
    { method: 'post', path: paths.masterKeyRotation, audit: 'master_key.rotation_started', example: {} },
    (ctx, c) => started(tools, c, startMasterKeyRotation(ctx, upkeep)),
  ),
  operatorPage(
    tools.hub,
    { method: 'post', path: paths.dataKeyRotation, audit: 'data_keys.rotation_started', example: {} },
    (ctx, c) => started(tools, c, startDataKeyRotation(ctx, upkeep)),
  ),
  operatorPage(
    tools.hub,
    { method: 'post', path: paths.tenantDataKeys(':tenant'), audit: 'data_keys.rotation_started', example: {} },
    (ctx, c) => started(tools, c, startDataKeyRotation(ctx, upkeep, c.req.param('tenant') ?? '')),
  ),
];

async function started(tools: PageTools, c: Context<Env>, begins: Promise<void>): Promise<Response> {
  await begins;
  leaveNotice(c, tools.hub, { tone: 'ok', text: 'It has begun. This page shows how far it is.' });
  return tools.redirect(c, paths.operatorKeys);
}

const isLost = ({ running, last }: Pick<MasterKeyState, 'running' | 'last'>) =>
  !running && last !== null && !last.action.endsWith('_finished');

function shownMaster({ hub }: OperatorCtx, state: MasterKeyState): ShownMasterKeys {
  const { newest, uses, droppable, missing, running, last, source, done, total } = state;
  const inFile = hub.config.masterKeys === null;
  const left = total - done;
  return {
    ...{ source, newest, running, done, total, free: running ? [] : droppable, lost: isLost(state) },
    last: last && eventRow(last),
    keys: keysOf(state),
    button: running || missing.length ? '' : left ? 'Wrap the rest' : inFile ? 'Make a new master key' : '',
    advice: !running && !left && !inFile ? howToAddMasterKey(source) : '',
  };

  function keysOf(usage: MasterKeyState): ShownMasterKey[] {
    const stateOf = (id: string) => (id === newest ? 'newest' : usage.missing.includes(id) ? 'missing' : 'needed');
    const used = uses.map(({ masterKeyId: id, ...counts }) => ({ id, ...counts, state: stateOf(id) }) as const);
    const none = { dataKeys: 0, hubSecrets: 0 };
    const unused =
      used.some(({ id }) => id === newest) || !newest ? [] : [{ id: newest, ...none, state: 'newest' as const }];
    const free = droppable.map((id) => ({ id, ...none, state: 'free' as const }));
    return [...unused, ...used, ...free].sort((a, b) => Number(b.id === newest) - Number(a.id === newest));
  }
}

function shownData(state: DataKeyState): ShownDataKeys {
  const [, done, total] = /^(\d+)\/(\d+)$/.exec(state.doing) ?? [];
  return {
    running: state.running,
    lost: isLost(state),
    last: state.last && eventRow(state.last),
    progress: total ? { done: Number(done), total: Number(total) } : null,
    behind: state.behind,
    tenants: state.tenants.map(({ id, name, keys }) => ({
      ...{ id, name },
      keys: keys.map(
        ({ number, needs }) => `key ${number}${needs.length ? `: ${needs.join(', ')}` : ', which nothing needs'}`,
      ),
    })),
  };
}
