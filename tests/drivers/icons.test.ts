import { expect, it } from 'vitest';
import { loadDrivers } from '../../src/drivers/index.ts';

const drivers = await loadDrivers();
const cases = [...drivers.values()].map(({ entry, icon }) => [entry.key, icon] as const);
const oneColour = ['composio', 'github', 'http-api', 'medium', 'openai', 'twitter', 'wordpress'];

it.each(cases)('%s has a clean icon of its own', (key, icon) => {
  expect(icon).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+"/);
  expect(icon).toMatch(/<\/svg>\n$/);
  expect(icon).not.toMatch(/<script|<style|<!|\sid=|url\(|href|width="\d+px|\son\w+=/i);
  expect(icon.match(/</g)?.length).toBe(icon.match(/>/g)?.length);
  expect(icon.includes('currentColor'), 'follows the colour of the text').toBe(oneColour.includes(key));
});

it('draws every icon differently', () => {
  expect(new Set(cases.map(([, icon]) => icon)).size).toBe(cases.length);
});
