import { Type } from '@sinclair/typebox';
import type { Identity } from '../../services/people/identity.ts';
import { Uuid } from './components.ts';
import { publicOperation } from './operation.ts';

const SignedIn = Type.Object({
  user: Type.Object({ id: Uuid('Of the user.'), name: Type.String(), email: Type.String() }),
});

/** Sign-in and sign-out; everything else about people goes through our own verbs. */
export const signInOperations = (identity: Identity) => [
  publicOperation(
    {
      method: 'post',
      path: '/api/auth/sign-in/email',
      id: 'signIn',
      summary: 'Sign in',
      description:
        'Answers with the session cookie. Limited to five tries a minute for one e-mail address. Somebody with a second factor is answered 401 `second_factor_required` until `totp` is sent as well.',
      tag: 'Sign-in',
      role: 'public',
      scope: null,
      audit: null,
      input: {
        body: Type.Object(
          {
            email: Type.String({ maxLength: 255, title: 'E-mail' }),
            password: Type.String({ maxLength: 1000, title: 'Password' }),
            totp: Type.Optional(
              Type.String({
                maxLength: 100,
                title: 'Code',
                description: 'Of the authenticator app, or a recovery code; for people with a second factor.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: SignedIn,
      example: { body: { email: 'ada@example.com', password: 'correct horse battery' } },
    },
    async ({ body }, c) => {
      const { setCookies, user } = await identity.signIn({
        ...body,
        ip: c.get('ip'),
        userAgent: c.req.header('user-agent') ?? null,
        headers: c.req.raw.headers,
      });
      for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true });
      return { user };
    },
  ),
  publicOperation(
    {
      method: 'post',
      path: '/api/auth/sign-out',
      id: 'signOut',
      summary: 'Sign out',
      description: 'Ends the session at once. Without a session it does nothing.',
      tag: 'Sign-in',
      role: 'public',
      scope: null,
      audit: null,
      input: {},
      status: 204,
      response: null,
      example: {},
    },
    async (_input, c) => {
      const { setCookies } = await identity.signOut(c.req.raw.headers);
      for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true });
      return null;
    },
  ),
];
