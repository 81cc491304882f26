import type { Ctx, Hub } from '../../src/context.ts';
import type { ExecutionContext, LoadedDriver, Published, SideEffect, Values } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { createLog } from '../../src/lib/log.ts';
import { parseAllowedHosts } from '../../src/lib/outbound/addresses.ts';
import { createOutbound } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { callOpened } from '../../src/services/calls/calls.ts';
import { destinationGuard } from '../../src/services/calls/destinations.ts';

// `make test-wordpress`: the WordPress driver against a site that the caller runs. It publishes one draft, reads it back and deletes it.

const { WORDPRESS_URL, WORDPRESS_USER, WORDPRESS_APP_PASSWORD } = process.env;

type Settings = Record<'url' | 'user' | 'password', string>;

/** Calls the driver as the hub does, on this one site, which may be on this machine. */
async function siteOf({ url, user, password }: Settings) {
  const driver = (await loadDrivers()).get('wordpress') as LoadedDriver;
  const config = { site_url: url.replace(/\/+$/, '') };
  const auth = { method: 'basic', username: user, password };
  const { host } = new URL(url);
  const outbound = createOutbound({
    allowed: parseAllowedHosts(host),
    overrides: parseOverrides('{}'),
    ownPort: 1,
  });
  const ctx = { hub: { outbound } as Hub, tenantId: crypto.randomUUID(), log: createLog('silent') } as Ctx;
  const target = { driver, config, auth, destinations: destinationGuard(driver.destinations(config, auth), []) };
  return {
    driver,
    close: () => outbound.close(),
    call: async <T>(sideEffect: SideEffect, run: (context: ExecutionContext) => Promise<T>): Promise<T> =>
      (await callOpened(ctx, target, { sideEffect }, run)).value,
  };
}

/** Each step with its name; the first one that fails ends it, and what was published is deleted all the same. */
async function test(settings: Settings): Promise<number> {
  const { driver, call, close } = await siteOf(settings);
  const tool = (slug: string, input: Values) => {
    const found = driver.tools?.find((each) => each.slug === slug);
    if (!found) throw new Error(`The driver has no tool ${slug}.`);
    return call(found.sideEffect, (context) => found.run(context, input) as Promise<Values>);
  };
  const title = `Patchbay ${crypto.randomUUID()}`;
  const drafts = async () => {
    const { items } = await tool('list_posts', { status: 'draft', search: title, per_page: 100 });
    return (items as Values[]).filter((post) => post.title === title);
  };
  let published: Published | undefined;
  let step = 'health';
  const done = (told: string) => console.log(`ok    ${step}: ${told}`);
  try {
    done((await call('none', async (context) => driver.checkHealth?.(context)))?.message ?? '');
    step = 'account';
    done((await call('none', async (context) => driver.whoami?.(context)))?.label ?? '');
    step = 'publish';
    const content = {
      title,
      text: 'A draft of a test.',
      html: '<p>A draft of a <em>test</em>.</p>',
      media: [],
      tags: [],
    };
    published = await call('write', async (context) =>
      driver.publisher?.publish(context, { ...content, visibility: 'draft' }, crypto.randomUUID()),
    );
    if (published?.status !== 'draft') throw new Error(`It is ${published?.status}, and no draft.`);
    done(`draft ${published.externalId}`);
    step = 'read back';
    const found = await drafts();
    if (found.length !== 1 || String(found[0]?.id) !== published.externalId)
      throw new Error(`The list of drafts has ${found.length} of this title, and not the one that was published.`);
    done(String(found[0]?.title));
    step = 'delete';
    const { deleted } = await tool('delete_post', { id: Number(published.externalId), force: true });
    if (deleted !== true || (await drafts()).length) throw new Error('The draft is still there.');
    published = undefined;
    done('nothing is left');
    return 0;
  } catch (error) {
    console.log(`FAIL  ${step}: ${(error as Error).message}`);
    return 1;
  } finally {
    if (published)
      await tool('delete_post', { id: Number(published.externalId), force: true }).catch(() =>
        console.log(`The draft ${published?.externalId} is still on the site. Delete it there.`),
      );
    await close();
  }
}

if (WORDPRESS_URL && WORDPRESS_USER && WORDPRESS_APP_PASSWORD && URL.canParse(WORDPRESS_URL))
  process.exitCode = await test({ url: WORDPRESS_URL, user: WORDPRESS_USER, password: WORDPRESS_APP_PASSWORD });
else
  console.log(
    'skipped: set WORDPRESS_URL, WORDPRESS_USER and WORDPRESS_APP_PASSWORD to a site of yours with an application password of an editor (docs/publishing.md).',
  );
