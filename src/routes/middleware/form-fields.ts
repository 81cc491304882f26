import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';
import { isPassedOn } from './passed-on.ts';

const form = /^(application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|$)/i;

/** No form of ours has a tenth of it. Reading half a million fields, which fit into the largest body, takes seconds. */
const maxFields = 1_000;

/**
 * The text fields of a form post (of fields with one name the last); null for any other request. May be called often.
 * @throws AppError malformed_request, or too_large for more fields than any form has
 */
export async function formFields(c: Context<Env>): Promise<Map<string, string> | null> {
  const type = c.req.header('content-type') ?? '';
  if (c.req.method === 'GET' || c.req.method === 'HEAD' || !form.test(type) || isPassedOn(c)) return null;
  if (countFields(await c.req.arrayBuffer().catch(unreadable), type) > maxFields)
    throw new AppError('too_large', `This form has more than ${maxFields} fields. Send fewer at once.`);
  const fields = await c.req.parseBody().catch(unreadable);
  return new Map(Object.entries(fields).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

/**
 * All fields of a form post.
 * @throws AppError unsupported_media_type for anything but a form, malformed_request, too_large
 */
export async function formData(c: Context<Env>): Promise<FormData> {
  if (await formFields(c)) return c.req.formData();
  throw new AppError('unsupported_media_type', 'Send a form here. Programs use the API; see the API reference.');
}

function unreadable(cause: unknown): never {
  throw new AppError('malformed_request', 'The form could not be read. Reload the page and try again.', { cause });
}

/** How many there are, roughly; found without reading them, and no further than needed. */
function countFields(body: ArrayBuffer, type: string): number {
  const text = Buffer.from(body).toString('latin1');
  const mark = /^multipart/i.test(type) ? /content-disposition/gi : /&/g;
  let count = 0;
  while (count <= maxFields && mark.exec(text)) count += 1;
  return count;
}
