import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { CatalogFilesError, fileLimits, readCatalogFiles } from '../../src/drivers/declarative-files.ts';
import { DriverError, loadDrivers } from '../../src/drivers/index.ts';

const examples = path.resolve(import.meta.dirname, '../../docs/examples/catalog');
let dir: string;
let example: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'patchbay-catalog-'));
  example = await readFile(path.join(examples, 'tickets.yaml'), 'utf8');
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  await rm(dir, { recursive: true });
  await cp(examples, dir, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: each case breaks another part
type Tree = any;

async function problems(taken?: Set<string>): Promise<string[]> {
  const error = await readCatalogFiles(dir, taken).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CatalogFilesError);
  return (error as CatalogFilesError).lines;
}

const write = (tree: unknown, file = 'tickets.yaml') => writeFile(path.join(dir, file), stringify(tree));

it('reads the example, with its icon', async () => {
  const [entry, ...rest] = await readCatalogFiles(dir);
  expect(rest).toEqual([]);
  expect(entry).toMatchObject({ file: 'tickets.yaml', icon: await readFile(path.join(dir, 'tickets.svg'), 'utf8') });
  expect(entry?.driver.entry).toMatchObject({ key: 'tickets', authMethods: ['api_key'], capabilities: { tools: 3 } });
  expect(entry?.driver.destinations({}, { method: 'api_key' })).toEqual(['https://tickets.demo.example']);
});

describe('a mistake is told with its file, its place, and what to do', () => {
  it.each<[mistake: string, change: (d: Tree) => void, line: string]>([
    ['no version', (d) => delete d.version, '/version: This field is required.'],
    ['the version as text', (d) => (d.version = '1'), '/version: This must be 1.'],
    [
      'a misspelt field',
      (d) => (d.base_ulr = d.base_url),
      '/base_ulr: Unknown field “base_ulr”. Did you mean “base_url”?',
    ],
    [
      'a key with capitals',
      (d) => (d.key = 'Tickets'),
      '/key: Must have a-z, 0-9 and hyphens only, at most 32, and begin with a letter.',
    ],
    [
      'an unknown category',
      (d) => (d.category = 'Helpdesk'),
      '/category: Choose one of: “AI”, “Data”, “Developer”, “Publishing”, “Social”, “Work”.',
    ],
    [
      'an unknown method',
      (d) => (d.auth[0].method = 'bearer'),
      '/auth/0/method: Choose one of: “none”, “api_key”, “basic”, “token”, “oauth2”, “client_credentials”.',
    ],
    ['no method', (d) => (d.auth = []), '/auth: Add at least one entry.'],
    [
      'an address without its scheme',
      (d) => (d.base_url = 'tickets.demo.example'),
      '/base_url: This is no address; write https://api.example.com/v1, https://{config.region}.example.com or {config.base_url}/v1.',
    ],
    [
      'a domain that a setting chooses',
      (d) => (d.base_url = 'https://{config.queue}.com'),
      '/base_url: This lets a setting choose the domain; at least two fixed names have to follow it, such as .example.com.',
    ],
    [
      'an address made of nothing',
      (d) => (d.base_url = '{config.site}/v1'),
      '/base_url: There is no setting “site”. Describe it under /config/properties.',
    ],
    [
      'a path without a slash',
      (d) => (d.tools[0].request.path = 'tickets'),
      '/tools/0/request/path: A path begins with a slash, and goes below base_url.',
    ],
    [
      'a query in the path',
      (d) => (d.tools[0].request.path = '/tickets?open=1'),
      '/tools/0/request/path: A path has no ? and no #. Put parameters under query.',
    ],
    [
      'steps up',
      (d) => (d.tools[0].request.path = '/%2e%2e/admin'),
      '/tools/0/request/path: This path would lead out of base_url.',
    ],
    [
      'another host',
      (d) => (d.tools[0].request.path = '//other.example'),
      '/tools/0/request/path: This path would lead out of base_url.',
    ],
    [
      'a part of the path that may be missing',
      (d) => delete d.tools[1].input.required,
      '/tools/1/request/path: {input.id} stands in the path and may be missing: list it under required, or give it a default.',
    ],
    [
      'an unknown argument',
      (d) => (d.tools[1].request.path = '/tickets/{input.ticket}'),
      '/tools/1/request/path: {input.ticket} is unknown. Describe it under the tool’s input/properties. There are: id.',
    ],
    [
      'a single brace',
      (d) => (d.tools[1].request.path = '/tickets/{input.id'),
      '/tools/1/request/path: This has a single “{”; write it twice where a brace is meant.',
    ],
    [
      'code',
      (d) => (d.tools[2].request.json.subject = '{input.subject.trim()}'),
      '/tools/2/request/json/subject: This has the placeholder “{input.subject.trim()}”, which names no value; write one such as {input.id}.',
    ],
    [
      'the environment',
      (d) => (d.tools[2].request.json.subject = '{process.env}'),
      '/tools/2/request/json/subject: {process.env} is unknown. A value comes from config, input, account, call, answer.',
    ],
    [
      'a secret in a body',
      (d) => (d.tools[2].request.json.subject = '{auth.api_key}'),
      '/tools/2/request/json/subject: {auth.api_key} is unknown. Credentials are put into requests by the auth method alone.',
    ],
    [
      'a prototype',
      (d) => (d.tools[2].request.json.subject = '{input.__proto__}'),
      '/tools/2/request/json/subject: This has the placeholder “{input.__proto__}”, which names no value; write one such as {input.id}.',
    ],
    [
      'a header of the hub’s own',
      (d) => (d.tools[2].request.headers = { Host: 'other.example' }),
      '/tools/2/request/headers/Host: The hub sets this header itself. Leave it out; credentials go under auth.',
    ],
    [
      'the header of the credential',
      (d) => (d.headers = { 'x-api-key': 'tk_12345678' }),
      '/headers/x-api-key: This header carries the credential. Leave it out.',
    ],
    [
      'a line break in a header',
      (d) => (d.headers = { 'X-Client': 'a\r\nb' }),
      '/headers/X-Client: It has a character that no HTTP header can carry.',
    ],
    [
      'a body with GET',
      (d) => (d.tools[0].request.json = { a: 1 }),
      '/tools/0/request/json: A GET request has no body. Use query, or another method.',
    ],
    [
      'two bodies',
      (d) => (d.tools[2].request.form = { a: '1' }),
      '/tools/2/request/form: There is a body as json already. Keep one of the two.',
    ],
    [
      'an argument that goes nowhere',
      (d) => (d.tools[1].input.properties.lang = { type: 'string' }),
      '/tools/1/input/properties/lang: Nothing sends this argument. Use {input.lang} in the request, or leave it out.',
    ],
    [
      'a setting that nothing uses',
      (d) => (d.config.properties.region = { type: 'string' }),
      '/config/properties/region: Nothing uses this setting. Use {config.region} somewhere, or leave it out.',
    ],
    [
      'an unknown required argument',
      (d) => (d.tools[1].input.required = ['id', 'text']),
      '/tools/1/input/required/1: There is no field “text”. Describe it under properties, or leave it out.',
    ],
    [
      'two tools of a name',
      (d) => (d.tools[1].name = 'list_tickets'),
      '/tools/1/name: There is another tool “list_tickets”. Name each once.',
    ],
    [
      'a reference to elsewhere',
      (d) => (d.tools[1].input.properties.id = { $ref: 'https://other.example/schema' }),
      '/tools/1/input/properties/id: This $ref must lead to a part of this schema.',
    ],
    [
      'a pattern that no engine without backtracking knows',
      (d) => (d.tools[1].input.properties.id.pattern = '^(?=a)'),
      '/tools/1/input: The schema cannot be used: error parsing regexp: invalid or unsupported Perl syntax: `(?=`.',
    ],
    [
      'a pattern that never ends',
      (d) => (d.config.properties.queue = { type: 'string', pattern: '^(a+)+$' }),
      '/config/properties/queue/pattern: The pattern may have no groups and no |; list what is allowed as enum.',
    ],
    [
      'a pattern of many ways',
      (d) => (d.auth[0].fields.api_key.pattern = '^a*a*a*$'),
      '/auth/0/fields/api_key/pattern: The pattern repeats too much in a row; give repetitions an end such as {1,64}, or lower maxLength.',
    ],
    [
      'a default that is not allowed',
      (d) => (d.config.properties.queue.default = 'sales'),
      '/config/properties/queue/default: Its own rules refuse it: Choose one of: “support”, “billing”.',
    ],
    [
      'a secret among the settings',
      (d) => {
        d.config.properties.api_token = { type: 'string' };
        d.summary = '{config.api_token}';
      },
      '/config/properties/api_token: This looks like a secret. Credentials go under auth; give a setting another name.',
    ],
    [
      'nothing to see it by',
      (d) => delete d.whoami,
      '/: Nothing says how to see that the service works. Describe health, whoami or both.',
    ],
    [
      'a rule for everything',
      (d) => (d.errors.rules = [{ fault: 'input' }]),
      '/errors/rules/0: It fits every answer. Say which by status, by path and equals, or both.',
    ],
    [
      'a status that is none',
      (d) => (d.errors.rules = [{ status: 999, fault: 'input' }]),
      '/errors/rules/0/status: This fits none of the allowed forms. The HTTP status, or several.',
    ],
    [
      'a path into a prototype',
      (d) => (d.tools[0].response.items = 'constructor.x'),
      '/tools/0/response/items: “constructor.x” leads nowhere; write a path such as data.id, or /data/id.',
    ],
    [
      'a next page of one thing',
      (d) => delete d.tools[0].response.items,
      '/tools/0/response/next: Only a list has a next page. Say where the items are.',
    ],
    [
      'an icon elsewhere',
      (d) => (d.icon = '../tickets.svg'),
      '/icon: Must be the name of an .svg file beside this one.',
    ],
    [
      'an icon that is not there',
      (d) => (d.icon = 'desk.svg'),
      '/icon: desk.svg: There is no such file. Put it beside this one.',
    ],
    [
      'a migration from today',
      (d) => (d.migrations = [{ from: 1, describe: 'x' }]),
      '/migrations/0/from: schema_version is 1: a migration starts from a lower one. Raise schema_version.',
    ],
  ])('%s', async (_mistake, change, line) => {
    const description: Tree = parse(example);
    change(description);
    await write(description);
    expect(await problems()).toEqual([`tickets.yaml: ${line}`]);
  });

  it.each([
    ['a: [1', /^tickets\.yaml: \/: This is no YAML: .* at line 1, column 6\.$/],
    ['key: a\nkey: b', /^tickets\.yaml: \/: This is no YAML: Map keys must be unique at line 2, column 1\.$/],
    ['a: !!js/function "x"', /^tickets\.yaml: \/: This is no YAML: Unresolved tag: .*$/],
    [
      '__proto__: { key: x }',
      /^tickets\.yaml: \/__proto__: The name “__proto__” cannot be used\. Choose another one\.$/,
    ],
    ['- one', /^tickets\.yaml: \/: A file describes one service, as an object: .*$/],
    ['', /^tickets\.yaml: \/: A file describes one service, as an object: .*$/],
    [`a: ${'['.repeat(100)}${']'.repeat(100)}`, /: This is nested more than 32 deep\. Make it flatter\.$/],
    [`a: &a [x]\nb: [${'*a,'.repeat(300)}]`, /Excessive alias count/],
  ])('%j', async (text, line) => {
    await writeFile(path.join(dir, 'tickets.yaml'), text);
    expect((await problems())[0]).toMatch(line);
  });
});

describe('the folder', () => {
  it('tells all problems of all files at once, and keys that are taken', async () => {
    const description: Tree = parse(example);
    await write({ ...description, key: 'github' }, 'a.yaml');
    await writeFile(path.join(dir, 'b.json'), JSON.stringify(description));
    await writeFile(path.join(dir, 'c.json'), '{');
    await write({ ...description, key: 'other', name: '', docs: 'http://x' }, 'd.yml');
    const lines = await problems(new Set(['github']));
    expect(lines).toEqual([
      'a.yaml: /key: Patchbay itself has an entry “github”. Choose another key.',
      expect.stringMatching(/^c\.json: \/: This is no JSON: /),
      'd.yml: /docs: Must be an address that starts with https://.',
      'd.yml: /name: Enter something, or leave this field out.',
      'tickets.yaml: /key: b.json has the key “tickets” already. Each file needs its own.',
    ]);
  });

  it('stops the start with the folder’s name', async () => {
    await writeFile(path.join(dir, 'tickets.yaml'), 'version: 2');
    const error = await loadDrivers(undefined, dir).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DriverError);
    expect((error as Error).message).toContain(
      `in ${dir} are not fit to use:\ntickets.yaml: /auth: This field is required.`,
    );
    expect((error as Error).message).toContain('tickets.yaml: /version: This must be 1.');
  });

  it('follows links within, as mounted settings are, and none that leads out', async () => {
    await mkdir(path.join(dir, '..2026'));
    await writeFile(path.join(dir, '..2026', 'mounted.yaml'), stringify({ ...parse(example), key: 'mounted' }));
    await symlink('..2026', path.join(dir, '..data'));
    await symlink('..data/mounted.yaml', path.join(dir, 'mounted.yaml'));
    expect((await readCatalogFiles(dir)).map(({ driver }) => driver.entry.key)).toEqual(['mounted', 'tickets']);

    await symlink('/etc/passwd', path.join(dir, 'passwd.yaml'));
    await rm(path.join(dir, 'tickets.svg'));
    await symlink(path.join(examples, 'tickets.svg'), path.join(dir, 'tickets.svg'));
    const out = 'It is a link that leads out of the folder. Put the file itself there.';
    expect(await problems()).toEqual([
      `mounted.yaml: /icon: tickets.svg: ${out}`,
      `passwd.yaml: /: ${out}`,
      `tickets.yaml: /icon: tickets.svg: ${out}`,
    ]);
  });

  it('leaves other files, folders and hidden ones alone', async () => {
    await mkdir(path.join(dir, 'below'));
    await writeFile(path.join(dir, 'below', 'x.yaml'), 'no');
    await writeFile(path.join(dir, '.x.yaml'), 'no');
    await writeFile(path.join(dir, 'notes.txt'), 'no');
    expect(await readCatalogFiles(dir)).toHaveLength(1);
  });

  it('refuses what is too large, is no text, or is no file', async () => {
    await writeFile(path.join(dir, 'large.yaml'), 'x'.repeat(fileLimits.bytes + 1));
    await writeFile(path.join(dir, 'odd.yaml'), Buffer.from([0x66, 0xff]));
    await mkdir(path.join(dir, 'folder.yaml'));
    expect(await problems()).toEqual([
      'folder.yaml: /: It is no file. Take it out of the folder.',
      `large.yaml: /: It has ${fileLimits.bytes + 1} bytes, and may have ${fileLimits.bytes}. Split it, or shorten it.`,
      'odd.yaml: /: It is no UTF-8 text. Save it as UTF-8.',
    ]);
  });

  it('says when it is not there', async () => {
    const missing = path.join(dir, 'nowhere');
    await expect(readCatalogFiles(missing)).rejects.toThrow(
      `${missing}: There is no such folder. Correct CATALOG_DIR, or let the hub’s user read the folder.`,
    );
    await expect(readCatalogFiles(path.join(dir, 'tickets.yaml'))).rejects.toThrow('It is no folder.');
  });

  it.each([
    [
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>',
      'may hold shapes and groups only.',
    ],
    [
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path onload="x" d="M0 0"/></svg>',
      'may have no ids, classes, styles, links or handlers.',
    ],
    [
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path fill="url(#a)" d="M0 0"/></svg>',
      'may refer to nothing.',
    ],
  ])('refuses the icon %s', async (svg, reason) => {
    await writeFile(path.join(dir, 'tickets.svg'), svg);
    expect(await problems()).toEqual([`tickets.yaml: /icon: tickets.svg ${reason} Simplify the drawing.`]);
  });
});
