import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import type { Env } from '../env.ts';
import { OneOf } from './components.ts';

export const Moment = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const dateOf = (text: string | undefined) => (text === undefined ? undefined : new Date(text));

export const Format = Type.Optional(
  OneOf(['json', 'csv'], { description: 'As a file. `Accept: text/csv` asks for a table as well.' }),
);

/** Which kind of file is asked for; undefined for a plain answer. */
export const formatOf = (c: Context<Env>, format: 'json' | 'csv' | undefined) =>
  format ?? (c.req.header('accept')?.startsWith('text/csv') ? 'csv' : undefined);

/** A download in place of the declared answer. */
export const fileAnswer = (c: Context<Env>, name: string, body: string | ReadableStream<Uint8Array>): never =>
  c.body(body as string, 200, {
    'Content-Type': name.endsWith('.csv') ? 'text/csv; charset=utf-8; header=present' : 'application/json',
    'Content-Disposition': `attachment; filename="patchbay-${name}"`,
  }) as never;
