import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { FileProblems } from '../../../src/services/connector-files/file-text.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { blog, canary, fileFolder, fileWith } from './files.ts';

let at: TestApp;
const { folder, plan, remove } = fileFolder(() => at);
beforeAll(async () => {
  vi.stubEnv('BLOG_PASSWORD', canary);
  at = await testApp();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await remove();
  await at.close();
});

const problemsOf = async (text: string): Promise<string[]> => {
  const error = await plan(text).then(
    () => null,
    (thrown) => thrown,
  );
  if (error && !(error instanceof FileProblems)) throw error;
  return (error?.message ?? '').replaceAll(`${folder}/`, '').split('\n').filter(Boolean);
};

const slack = '  chat: { entry: slack, name: Chat, auth: { method: token, access_token: { env: NOT_SET } } }';

describe('a file of connectors is told what is wrong with it', () => {
  it.each<[string, string, (string | RegExp)[]]>([
    ['is fine', fileWith(blog()), []],
    ['is empty', '', [/^patchbay.yaml:1: /]],
    ['is a list', '- a\n', [/^patchbay.yaml:1: /]],
    ['is indented with tabs', 'version: 1\nconnectors:\n\tblog: x\n', [/^patchbay.yaml:3: /]],
    ['has a key twice', 'version: 1\nversion: 1\n', [/^patchbay.yaml:2: This key stands here twice/]],
    ['has two documents', 'version: 1\n---\nversion: 1\n', [/one document/]],
    ['has an alias', fileWith(blog()).replace('Company blog', '&n Blog').replace('editor', '*n'), [/:9: .*aliases/]],
    ['is of another version', fileWith(blog()).replace('version: 1', 'version: 2'), [/:1: \/version: /]],
    ['names no workspace', 'version: 1\nconnectors: {}\n', [/:1: \/tenant: /]],
    ['names a workspace that is not there', fileWith(blog(), '').replace('northwind', 'nobody'), []],
    ['has an unknown key', fileWith(blog(), 'budgets: []\n'), [/:3: \/budgets: /]],
    ['has an unknown key in a connector', fileWith(blog('    colour: red\n')), [/:10: \/connectors\/blog\/colour: /]],
    ['has a wrong handle', fileWith(blog().replace('blog:', 'Blog!:')), [/:5: \/connectors\/Blog!: Write a handle/]],
    ['has a number as a name', fileWith(blog().replace('Company blog', '123')), [/:7: \/connectors\/blog\/name: /]],
    ['says yes', fileWith(blog('    active: yes\n')), [/:10: \/connectors\/blog\/active: /]],
    [
      'has an unknown entry',
      fileWith(blog().replace('wordpress', 'wordpres')),
      [/:6: .*entry: .*no such entry.*wordpress/],
    ],
    [
      'has a wrong and an unknown field',
      fileWith(blog().replace('{ site_url: https://blog.example.com }', '{ site_url: nowhere, colour: red }')),
      [/:8: \/connectors\/blog\/config\/site_url: /, /:8: \/connectors\/blog\/config\/colour: /],
    ],
    ['has a secret in it', fileWith(blog('', canary)), [/:9: .*auth\/password: .*\{ env: PASSWORD \}/]],
    ['has a broken secret in it', `version: 1\nx: "${canary}\n`, [/^patchbay.yaml:\d: /]],
    ['names a secret in two ways', fileWith(blog('', '{ env: A, file: b }')), [/one of them/]],
    ['names no variable', fileWith(blog('', '{ env: "A B" }')), [/letters, digits/]],
    ['names a secret of the hub', fileWith(blog('', '{ env: MASTER_KEYS }')), [/MASTER_KEYS is a secret of the hub/]],
    ['names a variable that is not set', fileWith(blog('', '{ env: NOT_SET }')), [/:9: .*NOT_SET is not set/]],
    [
      'names a file that is not there',
      fileWith(blog('', '{ file: ./gone }')),
      [/:9: .*\.\/gone cannot be read \(ENOENT\)/],
    ],
    ['names a folder', fileWith(blog('', '{ file: . }')), [/no file of at most/]],
    [
      'names a model connector that it lacks',
      fileWith(blog(), 'default_model_connector: nope\n'),
      [/:3: \/default_model/],
    ],
    [
      'has one name twice',
      fileWith(`${blog()}${blog().replace('blog:', 'blog-2:')}`),
      [/:\d+: \/connectors\/blog-2\/name: blog has/],
    ],
    [
      'has several at once',
      fileWith(`${slack}\n${blog('    tags: 5\n', canary)}`).replace('tags: 5', 'tags: ["", a]'),
      [
        /:4: \/connectors\/chat\/auth\/access_token: .*NOT_SET/,
        /\/connectors\/blog\/auth\/password: /,
        /\/connectors\/blog\/tags: /,
      ],
    ],
  ])('that %s', async (_, text, expected) => {
    const problems = await problemsOf(text);
    expect(problems.join('\n')).not.toContain(canary.slice(0, 9));
    expect(problems.length).toBe(expected.length);
    for (const each of expected) expect(problems).toContainEqual(expect.stringMatching(each));
  });

  it('in JSON as well', async () => {
    const json = { version: 1, tenant: 'northwind', connectors: { blog: { entry: 'nope', name: 'x' } } };
    expect(await problemsOf(JSON.stringify(json, null, 2))).toEqual([
      expect.stringMatching(/:6: \/connectors\/blog\/entry/),
    ]);
  });

  it('by editors too: the published schema takes the example of the page, and no secret', async () => {
    const schema = await (await at.as(null, 'GET', '/connectors-file.schema.json')).json();
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    const check = ajv.compile(schema);
    const page = readFileSync(path.join(import.meta.dirname, '../../../docs/files.md'), 'utf8');
    const example = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    expect([check(example), check.errors]).toEqual([true, null]);
    for (const spoil of [
      (file: Json) => Object.assign(file.connectors['company-blog'].auth, { password: canary }),
      (file: Json) => Object.assign(file.connectors['company-blog'].auth, { password: { env: 'A', file: 'b' } }),
      (file: Json) => Object.assign(file.connectors['company-blog'], { entry: 'nothing' }),
      (file: Json) => Object.assign(file.connectors.code, { colour: 'red' }),
      (file: Json) => Object.assign(file.connectors, { 'A!': file.connectors.code }),
      (file: Json) => Object.assign(file, { version: 2 }),
    ]) {
      const spoiled = structuredClone(example);
      spoil(spoiled);
      expect(check(spoiled)).toBe(false);
    }
  });

  it('and reads a secret from a file beside it', async () => {
    writeFileSync(path.join(folder, 'secret'), `${canary}\n`);
    expect(await problemsOf(fileWith(blog('', '{ file: secret }')))).toEqual([]);
  });
});
