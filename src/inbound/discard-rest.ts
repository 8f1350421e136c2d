import type { IncomingMessage } from 'node:http';
import { FinePieces, holdBack, letCome } from './fine-pieces.js';

/** How long the rest of a body is still taken in after its answer: closing at once would reset the connection before the client has read it. */
const LINGER_MS = 5_000;
/** Of a body of unknown length, which may be endless. */
const CHUNKED_LINGER_MS = 500;

/** Takes in and forgets the rest of an HTTP/1.1 body whose answer is out, and cuts the connection if that takes long. */
export const discardRest = (request: IncomingMessage): void => {
  const { socket } = request;
  const pieces = new FinePieces((on) => (on ? holdBack(request) : letCome(request)));
  const lingerMs = request.headers['content-length'] === undefined ? CHUNKED_LINGER_MS : LINGER_MS;
  const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
  const stop = (): void => {
    clearTimeout(cut);
    pieces.stop();
  };
  request.once('end', stop).once('close', stop);
  // Now, before Node turns the request into one that throws away what comes without telling.
  request.on('data', (chunk: Buffer) => pieces.arrived(chunk.length)).read(0);
};
