import { brotliCompressSync, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeUpstream, eventually, failureOf, post, readAll, upstreamClient } from '../../test/support/upstream-harness.js';
import { startHttp } from '../../test/support/upstream-servers.js';
import type { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

afterEach(closeUpstream);

const TEXT = 'data: {"type":"response.created"}\n\n'.repeat(3000);

/** What is under way in other threads and sockets has come by then. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** What can be read of a body before its failure. */
async function readSlowly(body: ByteStream): Promise<{ read: Buffer; failure: UpstreamFailure }> {
  const pieces: Buffer[] = [];
  const all = async (): Promise<void> => {
    for (let piece = await body.read(); piece !== null; piece = await body.read()) {
      pieces.push(piece);
      await settled();
    }
  };
  const failure = await failureOf(all());
  return { read: Buffer.concat(pieces), failure };
}

/** Answers with these bytes and this `content-encoding`. */
const answering = (encoding: string, bytes: Buffer) =>
  startHttp((_request, response) => void response.setHeader('content-encoding', encoding).end(bytes));

describe('an answer that is compressed although nobody asked for it', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['identity', Buffer.from(TEXT)],
    ['', Buffer.from(TEXT)],
  ])('is read as what it was (%s)', async (encoding, bytes) => {
    const server = await answering(encoding, bytes);
    const client = upstreamClient();
    expect(await readAll((await client.open(post(server))).body)).toBe(TEXT);
    expect(await (await client.open(post(server))).body.text(100)).toBe(TEXT.slice(0, 100));
  });

  it('hands each event over as soon as it has come', async () => {
    const gzip = createGzip();
    const server = await startHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      gzip.pipe(response);
      gzip.write('data: 1\n\n');
      gzip.flush();
    });
    const { body } = await upstreamClient().open(post(server));
    expect((await body.read())!.toString()).toBe('data: 1\n\n');
    gzip.end('data: 2\n\n');
    expect((await body.read())!.toString()).toBe('data: 2\n\n');
    expect(await body.read()).toBeNull();
  });

  it('is truncated where it ends early, and no protocol where it is none', async () => {
    const half = await answering('gzip', gzipSync(TEXT).subarray(0, 200));
    const { body } = await upstreamClient().open(post(half));
    expect((await failureOf(readAll(body))).kind).toBe('truncated');
    const plain = await answering('gzip', Buffer.from(TEXT));
    const lied = await upstreamClient().open(post(plain));
    expect((await failureOf(lied.body.text())).kind).toBe('protocol');
  });

  it('is read to its last byte by a slow reader, although its end is missing', async () => {
    const { body } = await upstreamClient().open(post(await answering('gzip', gzipSync(TEXT).subarray(0, -8))));
    const { read, failure } = await readSlowly(body);
    expect(failure.kind).toBe('truncated');
    expect(read.equals(Buffer.from(TEXT))).toBe(true);
  });

  it('is read as far as it came where the connection breaks', async () => {
    const server = await startHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip').write(gzipSync(TEXT).subarray(0, -8), () => response.destroy());
    });
    const { body } = await upstreamClient().open(post(server));
    await settled();
    const { read, failure } = await readSlowly(body);
    expect(failure.kind).toBe('truncated');
    expect(read.equals(Buffer.from(TEXT))).toBe(true);
  });

  it('is inflated no further than somebody reads', async () => {
    const { body } = await upstreamClient().open(post(await answering('gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024)))));
    let size = (await body.read())!.length;
    const before = process.memoryUsage().arrayBuffers;
    await settled();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
    for (let piece = await body.read(); piece !== null; piece = await body.read()) size += piece.length;
    expect(size).toBe(64 * 1024 * 1024);
  });

  it('gives the connection up when it cannot be decoded', async () => {
    const server = await startHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip').write('data: 1\n\n');
    });
    const { body } = await upstreamClient().open(post(server));
    expect((await failureOf(body.text())).kind).toBe('protocol');
    await eventually(() => server.sockets.size === 0);
  });

  it('gives the connection up when it is cancelled', async () => {
    const server = await startHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip').write(gzipSync(TEXT).subarray(0, 100));
    });
    const { body } = await upstreamClient().open(post(server));
    const read = body.read();
    read.catch(() => undefined);
    body.cancel();
    expect((await failureOf(read)).kind).toBe('aborted');
    await eventually(() => server.sockets.size === 0);
  });

  it('keeps its connection when everything of interest has been read', async () => {
    const server = await answering('gzip', gzipSync('data: 1\n\n'));
    const client = upstreamClient();
    const { body } = await client.open(post(server));
    await body.read();
    body.finish();
    await eventually(() => client.stats()[0]!.idle === 1);
    expect(server.accepted()).toBe(1);
  });
});
