import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readRescues, removeRescue, writeRescue } from './rescue-file.js';

const rescue = { accountId: '0b7c8f5e-1111-4222-8333-944455556666', generation: 4, sealed: 'v1.sealed' };

describe('rescue files', () => {
  let root: string;
  let directory: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rescue-'));
    directory = join(root, 'rescue');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('come back as they were written, readable by their owner alone', async () => {
    await writeRescue(directory, rescue);
    expect(await readRescues(directory)).toEqual({ rescues: [rescue], unreadable: [] });
    const [name] = readdirSync(directory);
    expect(statSync(join(directory, name!)).mode & 0o777).toBe(0o600);
  });

  it('are replaced by the next one of the account and removed once', async () => {
    await writeRescue(directory, rescue);
    await writeRescue(directory, { ...rescue, generation: 5 });
    expect((await readRescues(directory)).rescues).toEqual([{ ...rescue, generation: 5 }]);
    await removeRescue(directory, rescue.accountId);
    await removeRescue(directory, rescue.accountId);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that cannot be read are named and stay', async () => {
    await writeRescue(directory, rescue);
    writeFileSync(join(directory, 'broken.rescue.json'), '{');
    expect(await readRescues(directory)).toEqual({ rescues: [rescue], unreadable: ['broken.rescue.json'] });
    expect(readFileSync(join(directory, 'broken.rescue.json'), 'utf8')).toBe('{');
  });

  it('are none where the directory does not exist', async () => {
    expect(await readRescues(directory)).toEqual({ rescues: [], unreadable: [] });
  });

  it('never leave their directory', () => {
    expect(() => removeRescue(directory, '../x')).toThrow('not an account id');
  });
});
