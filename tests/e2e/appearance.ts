import type { Page } from 'playwright';
import { expect } from 'vitest';

/** Nothing sticks out at the side, also where it would be cut off; what scrolls by itself may. */
export async function expectNoOverflow(page: Page, what: string) {
  const outside = await page.evaluate(() => {
    const scrolls = (element: Element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    const within = (element: Element): boolean => {
      for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
        if (scrolls(at)) return true;
      return false;
    };
    const isHidden = (element: Element) => !element.checkVisibility() || element.closest('.vh, .skip, svg *') !== null;
    const found = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return width > 0 && (right > innerWidth + 1 || left < -1) && !isHidden(element) && !within(element);
    });
    if (document.documentElement.scrollWidth > innerWidth) found.push(document.documentElement);
    return found.map(({ tagName, className, id }) => `${tagName} ${id} ${className}`);
  });
  expect(outside, what).toEqual([]);
}

/** How light the backgrounds of the page, and of what stands on it, are: from 0 for black to 1 for white. */
export const lightness = (page: Page, selector: string): Promise<number> =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = document.createElement('canvas').getContext('2d');
      if (!canvas) throw new Error('no canvas');
      for (let at: Element | null = element; at; at = at.parentElement) {
        canvas.fillStyle = getComputedStyle(at).backgroundColor;
        canvas.fillRect(0, 0, 1, 1);
        const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
        if (alpha === 255) return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
        canvas.clearRect(0, 0, 1, 1);
      }
      return 1;
    });
