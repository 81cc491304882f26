import { expect, it } from 'vitest';
import { useStage } from './support.ts';

const stage = useStage({ prefix: '/hub' });

it('a page from before an update still gets the modules that it loads later, all of one version', async () => {
  const page = await stage.open(stage.cast.ada, '/catalog');
  const current = stage.deps.assets.path('js/app.js').split('/')[2];
  const old = `${stage.url}/assets/AAAAAAAAAAAA/js/forms/island/mount.js`;
  // As text: what the test runner makes of an import is not for a browser.
  const works = await page.evaluate(`import('${old}').then(({ mount }) => typeof mount)`);
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType('resource').flatMap(({ name }) => (name.includes('/island/') ? name : [])),
  );
  expect(works).toBe('function');
  const others = loaded.filter((name) => name !== old && !name.includes(`/assets/${current}/`));
  expect([loaded.length > 5, others]).toEqual([true, []]);
  expect(await page.evaluate(async (address) => (await fetch(address)).redirected, old)).toBe(true);
});
