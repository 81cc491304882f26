import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { checkEgress } from '../../../src/services/doctor/egress.ts';
import { freePort } from '../../support/ports.ts';

let server: Server;
let url: string;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const egress = (address?: string) => checkEgress({ config: readConfig(address ? { DOCTOR_EGRESS_URL: address } : {}) });

it('asks nobody without an address', async () => expect(await egress()).toEqual([]));

it('asks once, follows no redirect, and keeps the rest of the address to itself', async () => {
  const [found] = await egress(`${url}/ping?token=canary`);
  expect(found).toMatchObject({
    check: 'egress',
    level: 'ok',
    message: expect.stringContaining(`${url} answers (302)`),
  });
  expect(JSON.stringify(found)).not.toContain('canary');
  expect(asked).toEqual(['HEAD /ping?token=canary']);
});

it('tells a name that is not found from a host that does not answer', async () => {
  expect(await egress('https://nowhere.invalid/')).toMatchObject([
    { level: 'fail', message: expect.stringMatching(/^The name nowhere\.invalid is not found \(E\w+\)\.$/) },
  ]);
  const closed = `http://127.0.0.1:${await freePort()}`;
  expect(await egress(closed)).toMatchObject([{ level: 'fail', message: `${closed} is not reached (ECONNREFUSED).` }]);
});

it.each(['ftp://example.com', 'example.com', 'https://ada:secret@example.com'])('refuses %s', (address) => {
  expect(() => egress(address)).toThrow('DOCTOR_EGRESS_URL must be an address without a password');
});
