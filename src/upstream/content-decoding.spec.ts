import { brotliCompressSync, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeUpstream, eventually, failureOf, post, readAll, upstreamClient } from '../../test/support/upstream-harness.js';
import { startHttp } from '../../test/support/upstream-servers.js';

afterEach(closeUpstream);

const TEXT = 'data: {"type":"response.created"}\n\n'.repeat(3000);

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
