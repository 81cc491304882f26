import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { actionLabels } from '../../src/routes/dashboard/activity-model.ts';

const root = path.resolve(import.meta.dirname, '../../src/services');
const records = /\brecord(Audit|Everywhere)\(/;

/** Literals of the same form that are something else: fields of forms, a kind of message, the operators' own trail. */
const others = /^(credential|owner|entry)\.|^webhook\.test$/;

const statuses = ['active', 'expired', 'failed', 'inactive', 'revoked'];

it('the activity has words for every action that is recorded', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => readFileSync(path.join(root, file), 'utf8')).filter((text) => records.test(text));
  const recorded = sources.flatMap((text) =>
    [...text.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, found]) => found ?? ''),
  );
  const composed = sources.flatMap((text) => [...text.matchAll(/: `([a-z_]+)\.\$\{after\.status\}`/g)]);
  expect(composed.map(([, noun]) => noun)).toEqual(['connection']);
  const actions = [...recorded, ...statuses.map((status) => `connection.${status}`)].filter(
    (each) => !others.test(each),
  );
  expect(new Set(actions).size).toBeGreaterThan(60);
  expect([...new Set(actions)].filter((action) => !Object.hasOwn(actionLabels, action))).toEqual([]);
});
