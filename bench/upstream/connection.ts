/** HTTP/1.1 of the fake backend, as little as needed: the head, the body by length or chunks, the prepared answer. */
import type { Socket } from 'node:net';
import { jsonAnswer, LAST_CHUNK, unchunk } from '../payload/framing.ts';
import type { Dialect } from '../scenarios.ts';
import { burst, prepared, variantOf, whole } from './answers.ts';
import { otherRoute } from './other-routes.ts';
import { startPaced, type PacedStream } from './paced.ts';
import { accounts, stats } from './stats.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const BODY_END = Buffer.from('\r\n0\r\n\r\n');
const CHUNKED = -1;

function dialectOf(path: string): Dialect | null {
  if (path.endsWith('/responses')) return 'responses';
  if (path.endsWith('/chat/completions')) return 'chat';
  return path.endsWith('/messages') ? 'messages' : null;
}
const asksForStream = (body: Buffer): boolean => body.indexOf('"stream":true') >= 0 || body.indexOf('"stream": true') >= 0;
const tooShort = () => prepared('short', () => jsonAnswer('400 Bad Request', '{"detail":"body is shorter than the client sent"}'));

export class UpstreamConnection {
  readonly #sock: Socket;
  #parts: Buffer[] = [];
  #have = 0;
  /** Path of the request whose body is awaited. */
  #path: string | null = null;
  #need = 0;
  #stream: PacedStream | null = null;

  constructor(sock: Socket) {
    this.#sock = sock;
    sock.on('data', (d) => this.#data(d));
    sock.on('error', () => {});
    sock.on('close', () => this.#closed());
  }

  #push(bytes: Buffer): void {
    if (!bytes.length) return;
    this.#parts.push(bytes);
    this.#have += bytes.length;
  }

  #take(): Buffer {
    const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#have);
    this.#parts = [];
    this.#have = 0;
    return all;
  }

  #data(d: Buffer): void {
    this.#push(d);
    while (this.#have) {
      if (this.#path === null && !this.#readHead()) return;
      const body = this.#readBody();
      if (!body) return;
      const path = this.#path!;
      this.#path = null;
      this.#answer(path, body);
    }
  }

  #readHead(): boolean {
    const bytes = this.#take();
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#push(bytes);
      return false;
    }
    const head = bytes.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    this.#need = length ? Number(length[1]) : /\r\ntransfer-encoding: *chunked/i.test(head) ? CHUNKED : 0;
    if (/\r\nexpect: *100/i.test(head)) this.#sock.write('HTTP/1.1 100 Continue\r\n\r\n');
    accounts.seen?.add(/\r\nauthorization: *(.+)/i.exec(head)?.[1]);
    this.#path = head.split(' ', 2)[1] ?? '/';
    this.#push(bytes.subarray(end + HEAD_END.length));
    return true;
  }

  /** The body once it is all here, else null. */
  #readBody(): Buffer | null {
    if (this.#need === 0) return Buffer.alloc(0);
    if (this.#need > 0 && this.#have < this.#need) return null;
    const bytes = this.#take();
    if (this.#need > 0) {
      this.#push(bytes.subarray(this.#need));
      return bytes.subarray(0, this.#need);
    }
    const ended = bytes.subarray(-BODY_END.length).equals(BODY_END) || (bytes.length === 5 && bytes.toString('latin1') === LAST_CHUNK);
    if (ended) return unchunk(bytes);
    this.#push(bytes);
    return null;
  }

  #answer(target: string, body: Buffer): void {
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    const dialect = dialectOf(path);
    if (!dialect) return void this.#sock.write(otherRoute(path));
    stats.requests++;
    const [variant, min] = variantOf(path, body).split(',min=');
    if (min && body.length < Number(min)) {
      stats.refused++;
      return void this.#sock.write(tooShort());
    }
    const [kind = '', first, second] = variant!.split('-');
    if (dialect !== 'responses' && !asksForStream(body)) return void this.#sock.write(whole(dialect, Number(first), kind));
    this.#send(dialect, kind, Number(first), Number(second));
  }

  #send(dialect: Dialect, kind: string, first: number, second: number): void {
    if (kind === 'paced') {
      this.#stream = startPaced(this.#sock, dialect, first, second, () => (this.#stream = null));
    } else if (kind === 'slow') {
      const bytes = burst(dialect, second, 'burst');
      setTimeout(() => this.#sock.writable && this.#sock.write(bytes), first);
    } else {
      stats.events += first;
      this.#sock.write(burst(dialect, first, kind));
    }
  }

  #closed(): void {
    if (!this.#stream) return;
    this.#stream.dead = true;
    stats.active--;
    stats.aborted++;
  }
}
