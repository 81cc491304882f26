import { Type } from '@sinclair/typebox';
import type { Values } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';

/** A credential that somebody brings along, got elsewhere. */
export interface BroughtCredential {
  accessToken: string;
  refreshToken?: string | null;
  expiresAt?: Date | null;
  scopes?: string[];
}

const schema = Type.Object(
  {
    access_token: Type.String({ minLength: 1, maxLength: 20_000 }),
    refresh_token: Type.Optional(
      Type.Unsafe<string | null>({ anyOf: [{ type: 'string', minLength: 1, maxLength: 20_000 }, { type: 'null' }] }),
    ),
    expires_at: Type.Optional(
      Type.Unsafe<string | null>({ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }),
    ),
    scopes: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 200 })),
  },
  { additionalProperties: false },
);

/** @throws AppError invalid_input with `credential.…` */
export function readCredential(values: Values): BroughtCredential {
  const errors = compileSchema(schema, { prefix: 'credential' })(values);
  if (Object.keys(errors).length) throw invalid(errors);
  const { access_token, refresh_token, expires_at, scopes } = values as {
    access_token: string;
    refresh_token?: string | null;
    expires_at?: string | null;
    scopes?: string[];
  };
  return {
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    expiresAt: expires_at ? new Date(expires_at) : null,
    scopes,
  };
}
