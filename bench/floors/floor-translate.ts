/**
 * Floor for translation: parse the request, JSON.parse every upstream event, JSON.stringify it in the client's dialect.
 * Text answers only; no checks, no accounts, no error mapping. One write per network read. A Responses stream keeps its
 * bytes: there only the request is parsed and written again.
 */
import http, { type ServerResponse } from 'node:http';
import type { Dialect } from '../scenarios.ts';
import { encoders, toUpstream, wholeAnswer, type RequestBody, type UpstreamEvent } from './dialects.ts';
import { RelayHandler, type Relay } from './relay-handler.ts';
import { path, pool, port } from './upstream-pool.ts';

const HEADERS = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: 'Bearer perf' };
const SSE = { 'content-type': 'text/event-stream' };

const eventOf = (block: string) => JSON.parse(block.slice(block.indexOf('data: ') + 6)) as UpstreamEvent;

/** Splits the bytes of an SSE stream into complete blocks. */
function blockReader(): (bytes: Buffer, last: boolean) => string[] {
  const decoder = new TextDecoder();
  let rest = '';
  return (bytes, last) => {
    const blocks = (rest + decoder.decode(bytes, { stream: !last })).split('\n\n');
    rest = blocks.pop()!;
    return blocks;
  };
}

function streamed(res: ServerResponse, dialect: Dialect, model: string): Relay {
  const encode = encoders[dialect];
  const read = blockReader();
  const translate = (bytes: Buffer, last: boolean) => {
    let out = '';
    for (const block of read(bytes, last)) out += encode!(eventOf(block), model);
    if (out) res.write(out);
  };
  return {
    begin: (status) => void res.writeHead(status, SSE),
    bytes: encode ? translate : (bytes) => void res.write(bytes),
    end: () => void res.end(),
  };
}

function collected(res: ServerResponse, dialect: Dialect, model: string): Relay {
  const read = blockReader();
  let text = '';
  return {
    begin: () => {},
    bytes: (bytes, last) => {
      for (const block of read(bytes, last)) {
        const event = eventOf(block);
        if (event.type === 'response.output_text.delta') text += event.delta;
      }
    },
    end: () => {
      const json = JSON.stringify(wholeAnswer[dialect](text, model));
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }).end(json);
    },
  };
}

function dialectOf(url: string): Dialect {
  if (url.endsWith('/messages')) return 'messages';
  return url.endsWith('/responses') ? 'responses' : 'chat';
}

const server = http.createServer((req, res) => {
  const parts: Buffer[] = [];
  res.on('error', () => {});
  req.on('data', (part: Buffer) => parts.push(part));
  req.on('end', () => {
    const dialect = dialectOf(req.url ?? '/');
    const request = JSON.parse((parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString('utf8')) as RequestBody;
    const relay = (request.stream === true ? streamed : collected)(res, dialect, request.model);
    const body = JSON.stringify(toUpstream[dialect](request));
    pool.dispatch({ path, method: 'POST', headers: HEADERS, body }, new RelayHandler(res, relay));
  });
});
server.listen(port, '127.0.0.1');
