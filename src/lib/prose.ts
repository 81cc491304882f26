// One text in the forms that services take it in. The libraries are loaded late: only who publishes pays for them.

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (each) => entities[each] ?? each);

/** Plain text as paragraphs. */
export const textToHtml = (text: string): string =>
  text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>')}</p>`)
    .join('\n');

/** GitHub's Markdown as HTML; HTML within it stays as it is. */
export async function markdownToHtml(markdown: string): Promise<string> {
  const { Marked } = await import('marked');
  return new Marked({ gfm: true }).parse(markdown, { async: false }).trim();
}

/** What a reader sees of it: links with their addresses, pictures left out. */
export async function htmlToText(html: string): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(html, { wordwrap: false, selectors: [{ selector: 'img', format: 'skip' }] }).trim();
}
