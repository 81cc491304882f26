import type { Ctx } from '../../context.ts';
import { type Media, type MediaKind, mediaKinds, type PublishContent } from '../../drivers/driver.ts';
import type { FieldErrors } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { deadlineIn } from '../../lib/signals.ts';

/** A file as it is asked for: by its address, or in base64. */
export interface MediaInput {
  url?: string;
  data?: string;
  /** MIME type; the server's answer tells when this is left out. */
  type?: string;
  name?: string;
  alt?: string;
}

export interface ContentInput extends Omit<PublishContent, 'media' | 'tags'> {
  media?: MediaInput[];
  tags?: string[];
}

const megabyte = 1024 * 1024;
/** Of one file, whatever the service would take. */
const maxBytes = 10 * megabyte;
const deadlineMs = 20_000;

/** The content with its files; those that cannot be had are told by field and left out. */
export async function withMedia(
  ctx: Ctx,
  { media = [], tags = [], ...content }: ContentInput,
): Promise<{ content: PublishContent<Media>; problems: FieldErrors }> {
  const problems: FieldErrors = {};
  const files = await Promise.all(
    media.map((input, index) =>
      fileOf(ctx, input).catch((error: unknown) => {
        if (!(error instanceof Unfit)) throw error;
        problems[`content.media.${index}${error.field}`] = [error.message];
        return null;
      }),
    ),
  );
  return { content: { ...content, tags, media: files.filter((file) => file !== null) }, problems };
}

/** Clocks differ a little. */
const graceMs = 60_000;

export const timeProblems = (at: Date | null | undefined): FieldErrors =>
  at && at.getTime() < Date.now() - graceMs
    ? { 'content.scheduled_at': ['This time is over. Choose a later one, or leave it out.'] }
    : {};

class Unfit extends Error {
  readonly field: '' | '.url' | '.data' | '.type';

  constructor(field: Unfit['field'], message: string) {
    super(message);
    this.field = field;
  }
}

async function fileOf(ctx: Ctx, input: MediaInput): Promise<Media> {
  if ((input.url === undefined) === (input.data === undefined))
    throw new Unfit('', 'Give either the address of the file, or the file itself in base64.');
  const { data, served } = input.url
    ? await fetched(ctx, input.url)
    : { data: decoded(input.data ?? ''), served: null };
  if (!data.byteLength) throw new Unfit(input.url ? '.url' : '.data', 'The file is empty.');
  const type = (input.type ?? served ?? '').toLowerCase();
  const kind = kindOf(type);
  if (!kind)
    throw new Unfit(
      '.type',
      type ? `Files of type ${type.slice(0, 100)} cannot be published.` : 'Say what type the file is.',
    );
  const name = input.name ?? nameIn(input.url) ?? `file.${type.split('/')[1]}`;
  return { kind, type, bytes: data.byteLength, name, alt: input.alt ?? '', data };
}

const documents = ['application/pdf'];

function kindOf(type: string): MediaKind | null {
  if (documents.includes(type)) return 'document';
  return mediaKinds.find((kind) => kind !== 'document' && type.startsWith(`${kind}/`)) ?? null;
}

const nameIn = (url: string | undefined) => {
  const last = url && URL.parse(url)?.pathname.split('/').at(-1);
  return last ? decodeURIComponentSafely(last).slice(0, 200) : undefined;
};

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) throw new Unfit('.data', 'This is not base64.');
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** Through the guarded way out, like everything that somebody else named. */
async function fetched(ctx: Ctx, address: string) {
  const url = URL.parse(address);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username)
    throw new Unfit('.url', 'Enter a full address that starts with https:// or http://.');
  const time = deadlineIn(deadlineMs);
  try {
    const answer = await ctx.hub.outbound.fetch(url, {}, { signal: time.signal, maxBytes });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Unfit('.url', `The file is not there: its server answered with status ${answer.status}.`);
    }
    const data = new Uint8Array(await answer.arrayBuffer());
    return { data, served: answer.headers.get('content-type')?.split(';')[0]?.trim() ?? null };
  } catch (error) {
    if (error instanceof OutboundError) throw new Unfit('.url', error.message);
    throw error;
  } finally {
    time.clear();
  }
}
