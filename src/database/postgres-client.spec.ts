import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { testConfig } from '../../test/support/test-config.js';
import { Clock } from '../common/clock.js';
import { databaseOptions } from './database.options.js';
import { openDatabase } from './open-database.js';

const message = (type: string, ...parts: (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]);
const TERMINATED = message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');

let server: Server;
afterEach(() => new Promise((done) => server.close(done)));

it('a connection that is cut in the breath in which it is ready ends no process', async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([WELCOME, TERMINATED])));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const config = testConfig({ dbEnabled: true, dbDriver: 'postgres', dbDsn: `postgres://me:secret@127.0.0.1:${port}/pool` });
  await expect(openDatabase(databaseOptions(config), new Clock())).rejects.toThrow(/^cannot open the database/);
});
