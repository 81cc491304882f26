import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverError, loadDrivers } from '../../src/drivers/index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'patchbay-drivers-'));
});
afterEach(() => rm(dir, { recursive: true }));

const icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>\n';

const entry = {
  key: 'mail',
  name: 'Mail',
  description: 'Sends mail.',
  category: 'Work',
  aliases: ['smtp'],
  authType: 'api_key',
  authMethods: ['api_key'],
  capabilities: { tools: 0 },
  configSchema: { type: 'object', properties: {}, required: [], additionalProperties: false },
  authSchema: {
    type: 'object',
    required: ['method'],
    discriminator: { propertyName: 'method' },
    oneOf: [
      {
        type: 'object',
        title: 'API key',
        required: ['method', 'api_key'],
        additionalProperties: false,
        properties: {
          method: { type: 'string', const: 'api_key' },
          api_key: { type: 'string', title: 'Key', 'x-secret': true, maxLength: 200 },
        },
      },
    ],
  },
  schemaVersion: 1,
};

it('tells who is connected in one line, whatever the service calls them', async () => {
  await folder('mail');
  const labels = ['Ada\u202e\u0000moc.live', '\u2028\n', 'x'.repeat(300), 'Zoë\ud800'];
  const source = await readFile(path.join(dir, 'mail', 'index.ts'), 'utf8');
  const answers = `const labels = ${JSON.stringify(labels)}; const whoami = async () => ({ externalId: 'u1', label: labels.shift() });`;
  await writeFile(
    path.join(dir, 'mail', 'index.ts'),
    answers + source.replace('fieldDocs: {}', 'fieldDocs: {}, whoami'),
  );
  const driver = (await loadDrivers(dir)).get('mail');
  const told = [];
  for (const _label of labels) told.push((await driver?.whoami?.({} as never))?.label);
  expect(told).toEqual(['Ada moc.live', 'u1', `${'x'.repeat(254)}…`, 'Zoë\ufffd']);
});

/** Writes a folder whose driver is sound but for what is changed. */
async function folder(name: string, changes: object = {}, svg: string | null = icon) {
  await mkdir(path.join(dir, name), { recursive: true });
  const source = `export const driver = { entry: ${JSON.stringify({ ...entry, ...changes })}, fieldDocs: {}, destinations: () => [], needsConnection: () => false };`;
  await writeFile(path.join(dir, name, 'index.ts'), source);
  if (svg !== null) await writeFile(path.join(dir, name, 'icon.svg'), svg);
}

const refusal = async () => {
  const error = await loadDrivers(dir).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DriverError);
  return (error as DriverError).message;
};

describe('loadDrivers', () => {
  it('loads a folder that was added, with its icon', async () => {
    await folder('mail');
    const drivers = await loadDrivers(dir);
    expect([...drivers.keys()]).toEqual(['mail']);
    expect(drivers.get('mail')?.icon).toBe(icon);
  });

  it('sorts by name, whatever the folders are called', async () => {
    await folder('a', { key: 'a', name: 'Zeta' });
    await folder('b', { key: 'b', name: 'Alpha' });
    expect([...(await loadDrivers(dir)).keys()]).toEqual(['b', 'a']);
  });

  it('ignores plain files beside the folders', async () => {
    await folder('mail');
    await writeFile(path.join(dir, 'notes.ts'), 'throw new Error("never loaded")');
    expect((await loadDrivers(dir)).size).toBe(1);
  });

  it('says which folder is wrong among sound ones, and everything that is wrong with it', async () => {
    await folder('mail');
    await folder('post', { key: 'mail', category: 'Letters' }, null);
    expect(await refusal()).toBe(
      'Driver folder "post": its key is "mail" and must equal the folder\'s name. ' +
        'its category must be one of AI, Data, Developer, Publishing, Social, Work. icon.svg is missing.',
    );
  });

  it.each<[defect: string, changes: object, reason: string]>([
    ['another key', { key: 'letter' }, 'its key is "letter" and must equal the folder\'s name.'],
    ['no description', { description: ' ' }, 'its description must have 1 to 500 characters.'],
    ['an unknown authentication', { authType: 'magic' }, 'its authType must be one of oauth, api_key, basic, none.'],
    ['no version', { schemaVersion: 0 }, 'its schemaVersion must be 1 or more.'],
    [
      'an open schema',
      { configSchema: { type: 'object', properties: {} } },
      'configSchema (root): needs additionalProperties: false.',
    ],
    [
      'a field without a title',
      { configSchema: { ...entry.configSchema, properties: { port: { type: 'integer' } } } },
      'configSchema port: needs a title.',
    ],
    [
      'a password in plain sight',
      {
        configSchema: {
          ...entry.configSchema,
          properties: { password: { type: 'string', title: 'Password', maxLength: 200 } },
        },
      },
      'configSchema password: looks like a secret; say "x-secret": true or false.',
    ],
    [
      'texts without an end',
      {
        configSchema: {
          ...entry.configSchema,
          properties: {
            note: { type: 'string', title: 'Note' },
            names: { type: 'array', title: 'Names', items: { type: 'string' } },
            labels: { type: 'object', title: 'Labels', additionalProperties: { type: 'string' } },
            size: { type: 'string', title: 'Size', enum: ['S', 'L'] },
          },
        },
      },
      'configSchema note: needs maxLength. configSchema names.items: needs maxLength. configSchema labels.*: needs maxLength.',
    ],
    [
      'a credential without an end',
      { authSchema: JSON.parse(JSON.stringify(entry.authSchema).replace(',"maxLength":200', '')) },
      'authSchema 0.api_key: needs maxLength.',
    ],
    [
      'methods that are not offered',
      { authMethods: ['basic', 'api_key'] },
      'authMethods says basic, api_key, but authSchema offers api_key.',
    ],
    [
      'no variants',
      { authSchema: { type: 'object', properties: {}, additionalProperties: false } },
      'authSchema must have oneOf variants told apart by "method".',
    ],
    ['no schema at all', { authSchema: null }, 'index.ts must export "driver", made by defineDriver.'],
  ])('refuses %s', async (_defect, changes, reason) => {
    await folder('mail', changes);
    expect(await refusal()).toBe(`Driver folder "mail": ${reason}`);
  });

  it.each([
    ['a script', '<script>alert(1)</script>', 'may hold shapes and groups only.'],
    ['a handler', '<path onload="alert(1)" d="M0 0"/>', 'may have no ids, classes, styles, links or handlers.'],
    ['a handler behind a slash', '<path/onload="alert(1)"/>', 'may have no ids, classes, styles, links or handlers.'],
    ['a class behind a quote', '<path d="M0 0"class="modal"/>', 'may have no ids, classes, styles, links or handlers.'],
    ['an id', '<path id="a" d="M0 0"/>', 'may have no ids, classes, styles, links or handlers.'],
    ['an end before its end', '</svg><svg>', 'may hold shapes and groups only.'],
    ['an image from elsewhere', '<image href="https://example.com/x.png"/>', 'may hold shapes and groups only.'],
    ['a reference', '<path fill="url(#a)" d="M0 0"/>', 'may refer to nothing.'],
  ])('refuses an icon with %s', async (_what, inside, reason) => {
    await folder('mail', {}, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">${inside}</svg>`);
    expect(await refusal()).toContain(`Driver folder "mail": icon.svg ${reason}`);
  });

  it('refuses an icon without a viewBox', async () => {
    await folder('mail', {}, '<svg xmlns="http://www.w3.org/2000/svg" width="1"><path d="M0 0"/></svg>');
    expect(await refusal()).toBe('Driver folder "mail": icon.svg must start with <svg> and have a viewBox.');
  });

  it('refuses a folder without a driver', async () => {
    await mkdir(path.join(dir, 'mail'));
    expect(await refusal()).toMatch(/^Driver folder "mail": index\.ts cannot be loaded: /);
    await writeFile(path.join(dir, 'mail', 'index.ts'), 'export const other = 1;');
    await cp(dir, `${dir}-2`, { recursive: true });
    const error = await loadDrivers(`${dir}-2`).catch((reason: unknown) => reason);
    await rm(`${dir}-2`, { recursive: true });
    expect((error as Error).message).toBe(
      'Driver folder "mail": index.ts must export "driver", made by defineDriver. icon.svg is missing.',
    );
  });
});
