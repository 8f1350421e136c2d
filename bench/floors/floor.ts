/**
 * The least a Node process can do to relay a request. Nothing is parsed.
 * FLOOR_MODE=gather (default): what one network read brings leaves in one write.
 * FLOOR_MODE=pipe: body.pipe(res), the usual way; one write per upstream HTTP chunk.
 */
import http, { type ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { RelayHandler } from './relay-handler.ts';
import { path, pool, port } from './upstream-pool.ts';

const SSE = { 'content-type': 'text/event-stream' };
const piping = process.env.FLOOR_MODE === 'pipe';

function gather(options: Dispatcher.DispatchOptions, res: ServerResponse): void {
  const relay = {
    begin: (status: number) => void res.writeHead(status, SSE),
    bytes: (bytes: Buffer) => void res.write(bytes),
    end: () => void res.end(),
  };
  pool.dispatch(options, new RelayHandler(res, relay));
}

async function pipe(options: Dispatcher.DispatchOptions, res: ServerResponse): Promise<void> {
  const stop = new AbortController();
  res.on('close', () => res.writableFinished || stop.abort());
  try {
    const { statusCode, body } = await pool.request({ ...options, signal: stop.signal });
    res.writeHead(statusCode, SSE);
    body.on('error', () => res.destroy());
    body.pipe(res);
  } catch (e) {
    if (res.headersSent) res.destroy();
    else res.writeHead(502).end(String(e));
  }
}

const server = http.createServer((req, res) => {
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    authorization: 'Bearer perf',
    'content-length': req.headers['content-length'],
  };
  res.on('error', () => {});
  const options: Dispatcher.DispatchOptions = { path, method: 'POST', headers, body: req };
  if (piping) void pipe(options, res);
  else gather(options, res);
});
server.listen(port, '127.0.0.1');
