import { createHmac } from 'node:crypto';
import type { TestApp } from './app.ts';
import { type Person, password } from './cast.ts';

export const secondFactor = '/settings/account/second-factor';

/** RFC 6238 as an authenticator app does it. @param shift time steps from now */
export function codeOf(secret: string, shift = 0, now = Date.now()): string {
  const bits = [...secret.replace(/\s/g, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000) + shift));
  const hash = createHmac('sha1', key).update(step).digest();
  const at = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Starts setting it up; returns the secret that the page shows. */
export async function startFactor(hub: TestApp, person: Person): Promise<string> {
  await hub.post(person, secondFactor, {});
  const html = await (await hub.as(person, 'GET', secondFactor)).text();
  return /id="secret" type="text" value="([A-Z2-7 ]+)"/.exec(html)?.[1] ?? '';
}

/** Turns it on with the code of now; the next one can be used already. */
export async function turnOnFactor(hub: TestApp, person: Person) {
  const secret = await startFactor(hub, person);
  const used = codeOf(secret);
  const proof = { code: used, current_password: password };
  const html = await (await hub.post(person, `${secondFactor}/confirmation`, proof)).text();
  return { secret, used, codes: [...html.matchAll(/<code>([A-Z2-9-]{19})<\/code>/g)].map(([, code = '']) => code) };
}
