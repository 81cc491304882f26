import { describe, expect, it } from 'vitest';
import { loadDrivers } from '../../src/drivers/index.ts';
import { brandIcon, brandSprite, iconsIn, uiIcon, uiSprite } from '../../src/lib/icons.ts';

const svg = (body: string, attributes = 'viewBox="0 0 8 8"') =>
  `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${body}</svg>`;

describe('UI icons', () => {
  it('holds each icon once, in a stable order', () => {
    const sprite = uiSprite(['x', 'plus', 'x']);
    expect(sprite).toBe(uiSprite(['plus', 'x']));
    expect([...sprite.matchAll(/<symbol id="([^"]+)" viewBox="0 0 24 24"><\w/g)].map(([, id]) => id)).toEqual([
      'plus',
      'x',
    ]);
  });

  it('finds icons under their former names', () => {
    expect(uiSprite(['alert-circle'])).toContain('<symbol id="alert-circle" viewBox="0 0 24 24"><');
  });

  it('names what the set lacks', () => {
    expect(() => uiSprite(['plus', 'no-such-icon', 'nor-this'])).toThrow('“no-such-icon”, “nor-this”');
  });

  it('reads from a template which icons it shows', () => {
    expect(iconsIn("<%~ it.icon('plus') %><% if (a) { %><%~ it.icon('x') %><% } %><%~ it.brand('slack') %>")).toEqual([
      'plus',
      'x',
    ]);
  });

  it('points into the sprite and escapes what it is given', () => {
    expect(uiIcon('/assets/h/icons.svg', 'plus')).toBe(
      '<svg class="i" aria-hidden="true"><use href="/assets/h/icons.svg#plus"/></svg>',
    );
    expect(brandIcon('/b.svg', '"><script>')).toBe(
      '<svg aria-hidden="true"><use href="/b.svg#&quot;&gt;&lt;script&gt;"/></svg>',
    );
  });
});

describe('brand icons', () => {
  it('keeps viewBox, fill and shapes, and nothing else of the root element', () => {
    expect(brandSprite([['slack', svg('<path d="M0 0"/>', 'width="9" viewBox="0 0 8 9" fill="currentColor"')]])).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg"><symbol id="slack" viewBox="0 0 8 9" fill="currentColor"><path d="M0 0"/></symbol></svg>',
    );
  });

  it('tells the ids of different brands apart', () => {
    const drawing = svg('<g id="a"/><use href="#a"/><path fill="url(#a)"/>');
    const sprite = brandSprite([
      ['one', drawing],
      ['two', drawing],
    ]);
    expect(sprite).toContain('<g id="one-a"/><use href="#one-a"/><path fill="url(#one-a)"/>');
    expect(sprite).toContain('<g id="two-a"/><use href="#two-a"/><path fill="url(#two-a)"/>');
  });

  it.each([
    ['<script>alert(1)</script>'],
    ['<style>.a{}</style>'],
    ['<path style="fill:red"/>'],
    ['<path onload="x()"/>'],
    ['<foreignObject/>'],
    ['<a href="javascript:x()"/>'],
    ['<path/onclick="x()"/>'],
    ['<path d=""onclick="x()"/>'],
    ['<path onclick ="x()"/>'],
    ['<path/style="position:fixed"/>'],
    ['<path class="modal"/>'],
    ['<a xlink:href="&#106;avascript:x()"><path/></a>'],
    ['<use href="https://elsewhere.example/a.svg#x"/>'],
    ['<use href=//elsewhere.example/a.svg#x />'],
    ['<set attributeName="href" to="x"/>'],
    ['</svg><svg>'],
  ])('refuses %s, naming the brand', (body) => {
    expect(() => brandSprite([['evil', svg(body)]])).toThrow('evil');
  });

  it('refuses a file without a viewBox', () => {
    expect(() => brandSprite([['flat', '<svg width="1"></svg>']])).toThrow(
      'The icon of flat is no SVG with a viewBox.',
    );
  });

  it('takes the icon of every driver', async () => {
    const drivers = [...(await loadDrivers()).values()];
    const sprite = brandSprite(drivers.map((driver) => [driver.entry.key, driver.icon]));
    expect(drivers.length).toBeGreaterThan(5);
    for (const { entry } of drivers) expect(sprite).toContain(`<symbol id="${entry.key}" viewBox=`);
  });
});
