import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testConfig } from '../../test/support/test-config.js';
import { RescueReserve } from './rescue-reserve.js';

const rescueOf = (accountId: string) => ({ accountId, generation: 4, sealed: 'v1.sealed' });

describe('room for the answers of refreshes', () => {
  let root: string;
  let places: string;
  beforeEach(() => {
    Logger.overrideLogger(false);
    root = mkdtempSync(join(tmpdir(), 'reserve-'));
    places = join(root, 'rescue-reserve');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const open = (): RescueReserve => new RescueReserve(testConfig({ dbPath: join(root, 'gateway.db'), refreshConcurrency: 2 }));

  it('exists on the disk before it is needed, readable by its owner alone, and is used again', async () => {
    const reserve = open();
    for (const account of ['a', 'b', 'c']) {
      expect(await reserve.take(account)).toBe(true);
      await reserve.giveBack(account, false);
    }
    const [name, ...others] = readdirSync(places);
    expect(others).toEqual([]);
    const { size, blocks, mode } = statSync(join(places, name!));
    expect([size, blocks * 512, mode & 0o777]).toEqual([16_384, 16_384, 0o600]);
  });

  it('keeps no more places than refreshes run at a time', async () => {
    const reserve = open();
    for (const account of ['a', 'b', 'c']) await reserve.take(account);
    for (const account of ['a', 'b', 'c']) await reserve.giveBack(account, false);
    expect(readdirSync(places)).toHaveLength(2);
  });

  it('that was filled is found by the next process, held until it is given back, and then empty', async () => {
    const reserve = open();
    await reserve.take('a');
    await reserve.take('b');
    await reserve.fill('a', rescueOf('a'));
    const next = open();
    expect(await next.load()).toEqual([rescueOf('a')]);
    expect(readdirSync(places)).toHaveLength(1);
    await next.giveBack('a', true);
    expect(await open().load()).toEqual([]);
  });

  it('that was used twice holds nothing of the longer one before', async () => {
    const reserve = open();
    await reserve.take('a');
    await reserve.fill('a', { ...rescueOf('a'), sealed: 'x'.repeat(5_000) });
    await reserve.giveBack('a', true);
    await reserve.take('b');
    await reserve.fill('b', rescueOf('b'));
    expect(await open().load()).toEqual([rescueOf('b')]);
  });

  it('that cannot be read stays where it is', async () => {
    const reserve = open();
    await reserve.take('a');
    const path = join(places, readdirSync(places)[0]!);
    writeFileSync(path, '{"accountId');
    expect(await open().load()).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('{"accountId');
  });

  it('that cannot be opened does not hide the others, and one that was never begun goes', async () => {
    const reserve = open();
    await reserve.take('a');
    await reserve.fill('a', rescueOf('a'));
    mkdirSync(join(places, '0000000000000000.reserve'));
    writeFileSync(join(places, '0000000000000001.reserve'), '');
    expect(await open().load()).toEqual([rescueOf('a')]);
    expect(readdirSync(places)).toContain('0000000000000000.reserve');
    expect(readdirSync(places)).not.toContain('0000000000000001.reserve');
  });

  it('does not keep refreshes from being made where it is forbidden, not full', async () => {
    writeFileSync(places, 'a file in the place of the directory');
    const reserve = open();
    expect(await reserve.take('a')).toBe(true);
    await expect(reserve.fill('a', rescueOf('a'))).rejects.toThrow('no reserved place');
  });

  it('is none where the database is not a file of this machine', async () => {
    const reserve = new RescueReserve(
      testConfig({
        dbPath: join(root, 'gateway.db'),
        dbEnabled: true,
        dbDriver: 'postgres',
        dbDsn: 'postgres://127.0.0.1/x',
        encryptionKey: '0'.repeat(64),
      }),
    );
    expect(await reserve.take('a')).toBe(true);
    expect(readdirSync(root)).toEqual([]);
  });
});
