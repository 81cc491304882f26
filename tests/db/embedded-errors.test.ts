import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertReachable, serverAccount } from '../../src/db/embedded/account.ts';
import { findBinaries } from '../../src/db/embedded/binaries.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { explainFileError, StartError } from '../../src/db/start-error.ts';
import { temporaryDirectory } from '../support/postgres.ts';

describe('the embedded server says what is wrong and what to do', () => {
  let dir: string;
  beforeEach(() => {
    dir = temporaryDirectory('errors');
  });
  afterEach(() => {
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true, force: true });
  });

  const stranger = { name: 'postgres', uid: 54_321, gid: 54_321 };

  it('when a folder above the data is closed to its account', () => {
    const closed = path.join(dir, 'closed');
    mkdirSync(path.join(closed, 'data'), { recursive: true });
    chmodSync(closed, 0o700);
    const check = () => assertReachable(stranger, path.join(closed, 'data'));
    expect(check).toThrow(`may not enter ${closed} on its way to ${closed}/data`);
    expect(check).toThrow(`chmod o+x '${closed}'`);
    chmodSync(closed, 0o711);
    expect(check).not.toThrow();
    expect(() => assertReachable(null, '/does/not/matter')).not.toThrow();
  });

  it('when root finds no account to drop to', () => {
    const passwd = path.join(dir, 'passwd');
    writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n');
    expect(serverAccount({ uid: 0, passwd })).toEqual({ name: 'nobody', uid: 65_534, gid: 65_533 });
    writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\n');
    expect(() => serverAccount({ uid: 0, passwd })).toThrow(/no account to drop to.*DATABASE_URL/);
  });

  it('when the user id has no entry', () => {
    const lookUp = () => {
      throw new Error('ENOENT');
    };
    expect(() => serverAccount({ uid: 1_000_770, lookUp })).toThrow(
      /1000770 has no entry in \/etc\/passwd.*DATABASE_URL/,
    );
    expect(serverAccount({ uid: 1_000, lookUp: () => 'ada' })).toBeNull();
  });

  it('when the data belongs to another version', async () => {
    mkdirSync(path.join(dir, 'postgres'));
    writeFileSync(path.join(dir, 'postgres/PG_VERSION'), '15\n');
    writeFileSync(path.join(dir, 'postgres-passwords.json'), '{"setup":"a","owner":"b","hub":"c"}');
    const message = `belongs to PostgreSQL 15, but this version of Patchbay brings PostgreSQL ${findBinaries().major}`;
    await expect(startEmbedded(dir)).rejects.toThrow(message);
  });

  it('when the passwords are lost', async () => {
    mkdirSync(path.join(dir, 'postgres'));
    await expect(startEmbedded(dir)).rejects.toThrow(
      /passwords in .*postgres-passwords.json are not. Put that file back/,
    );
  });

  it('when DATA_DIR is a file', async () => {
    const file = path.join(dir, 'file');
    writeFileSync(file, '');
    await expect(startEmbedded(file)).rejects.toThrow('Set DATA_DIR to a folder.');
    await expect(startEmbedded(path.join(file, 'below'))).rejects.toThrow('Set DATA_DIR to a folder.');
  });

  it.each([
    ['ENOSPC', 'is full. Free some space'],
    ['EDQUOT', 'is full. Free some space'],
    ['EACCES', 'cannot be written (EACCES)'],
    ['EROFS', 'cannot be written (EROFS)'],
  ])('when the file system answers %s', (code, message) => {
    const explained = explainFileError(Object.assign(new Error(code), { code }), '/data');
    expect(explained).toBeInstanceOf(StartError);
    expect((explained as StartError).message).toContain(message);
    expect((explained as StartError).message).toContain('/data');
  });

  it('passes what it cannot explain', () => {
    const error = new Error('something else');
    expect(explainFileError(error, '/data')).toBe(error);
  });
});
