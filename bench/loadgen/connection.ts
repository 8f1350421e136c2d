import net from 'node:net';
import { faultOf } from '../measure/verify.ts';
import { unchunk } from '../payload/framing.ts';
import { SENTINEL, STAMP_DIGITS } from '../payload/text.ts';
import type { RequestSpec } from './job.ts';
import type { Load } from './load.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST = Buffer.from('0\r\n\r\n');
const EMPTY = Buffer.alloc(0);
const CHUNKED = -1;
const UNTIL_CLOSE = -2;
const AFTER_ERROR_MS = 20;

function nowUs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e6 + ns / 1e3;
}

/** One client: a raw socket, one request at a time, no HTTP library. */
export class Connection {
  /** The request whose answer is awaited. */
  spec: RequestSpec | null = null;
  startedAt = 0;
  readonly #load: Load;
  #sock: net.Socket | null = null;
  #sent = 0;
  #inHead = true;
  #head: Buffer | null = null;
  #status = 0;
  #need = 0;
  #hangup = false;
  #got = 0;
  #count = 0;
  #from = 0;
  #firstAt = 0;
  #contentAt = 0;
  /** The body, when this answer is one that is parsed completely. */
  #keep: Buffer[] | null = null;
  /** The last bytes of the previous read: an end of body, or a stamp, may lie across two reads. */
  #tail: Buffer = EMPTY;
  #rest: Buffer | null = null;

  constructor(load: Load) {
    this.#load = load;
  }

  /** `intendedAt`: when an open loop meant to send; latency counts from there. */
  send(spec: RequestSpec, intendedAt?: number): void {
    this.spec = spec;
    this.#inHead = true;
    this.#head = null;
    this.#status = this.#count = this.#got = this.#firstAt = this.#contentAt = 0;
    this.#tail = EMPTY;
    const full = ++this.#sent % this.#load.job.verifyEvery === 1 || !this.#load.expected.has(spec);
    this.#keep = full ? [] : null;
    this.#sock ??= this.#connect();
    this.startedAt = performance.now();
    this.#from = intendedAt ?? this.startedAt;
    this.#sock.write(spec.bytes);
  }

  timeout(): void {
    this.#load.tally.fail('timeout');
    this.drop();
    this.#next(AFTER_ERROR_MS);
  }

  /** Closes the socket without a word. */
  drop(): void {
    const sock = this.#sock;
    this.#sock = null;
    sock?.destroy();
  }

  #connect(): net.Socket {
    const sock = net.connect({ port: this.#load.job.port, host: this.#load.job.host, noDelay: true });
    sock.on('data', (d) => this.#data(d));
    sock.on('error', () => {});
    sock.on('close', () => {
      if (this.#sock !== sock) return;
      this.#sock = null;
      if (this.spec) this.#closed();
    });
    return sock;
  }

  #data(d: Buffer): void {
    if (!this.spec) return;
    const body = this.#inHead ? this.#readHead(d) : d;
    if (body) this.#readBody(body, this.spec);
  }

  #readHead(d: Buffer): Buffer | null {
    if (!this.#firstAt) this.#firstAt = performance.now();
    const bytes = this.#head ? Buffer.concat([this.#head, d]) : d;
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = bytes;
      return null;
    }
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    this.#need = length ? Number(length[1]) : /\r\ntransfer-encoding: *chunked/i.test(head) ? CHUNKED : UNTIL_CLOSE;
    this.#hangup = /\r\nconnection: *close/i.test(head);
    this.#inHead = false;
    if (this.#status !== 200) this.#keep ??= [];
    return bytes.subarray(end + HEAD_END.length);
  }

  #readBody(d: Buffer, spec: RequestSpec): void {
    this.#got += d.length;
    for (let i = d.indexOf(SENTINEL); i >= 0; i = d.indexOf(SENTINEL, i + 1)) {
      this.#count++;
      if (spec.paced && this.#load.inWindow && this.#count <= spec.n) this.#stamp(d, i);
    }
    if (this.#count && !this.#contentAt) this.#contentAt = performance.now();
    if (this.#keep && d.length) this.#keep.push(d);
    if (spec.abortAfter && this.#count >= spec.abortAfter) return this.#abort();
    if (this.#need >= 0 && this.#got >= this.#need) return this.#done(spec);
    if (this.#need !== CHUNKED) return;
    const tail = d.length >= LAST.length ? d.subarray(-LAST.length) : Buffer.concat([this.#tail, d]).subarray(-LAST.length);
    if (tail.equals(LAST)) return this.#done(spec);
    this.#tail = tail;
    if (spec.paced) this.#rest = d.subarray(-32);
  }

  /** Reads the send time in front of the sentinel at `at`. */
  #stamp(d: Buffer, at: number): void {
    let bytes = d;
    let end = at;
    if (at < STAMP_DIGITS) {
      if (!this.#rest) return;
      bytes = Buffer.concat([this.#rest, d]);
      end += this.#rest.length;
    }
    let us = 0;
    for (let p = end - STAMP_DIGITS; p < end; p++) {
      const digit = bytes[p]! - 48;
      if (digit < 0 || digit > 9) return;
      us = us * 10 + digit;
    }
    this.#load.tally.event.push(nowUs() - us);
    this.#load.tally.counts.events++;
  }

  /** The peer closed while an answer was awaited. */
  #closed(): void {
    if (this.#need === UNTIL_CLOSE && !this.#inHead) return this.#done(this.spec!);
    this.#load.tally.fail(this.#inHead ? 'closed before answer' : 'closed inside answer');
    this.#next(AFTER_ERROR_MS);
  }

  #abort(): void {
    this.#load.tally.counts.aborted++;
    this.drop();
    this.#next(0);
  }

  #done(spec: RequestSpec): void {
    const at = performance.now();
    const { tally, inWindow } = this.#load;
    tally.counts.total++;
    const fault = this.#fault(spec);
    if (fault) tally.fail(fault);
    else if (inWindow) {
      tally.counts.requests++;
      tally.counts.bytes += this.#got;
      if (!spec.paced) tally.counts.events += spec.n;
      tally.first.push(this.#firstAt - this.#from);
      tally.content.push(this.#contentAt - this.#from);
      tally.last.push(at - this.#from);
    }
    if (this.#hangup) this.drop();
    this.#next(fault ? AFTER_ERROR_MS : 0);
  }

  #fault(spec: RequestSpec): string | null {
    const { expected, tally } = this.#load;
    if (this.#status !== 200)
      return `HTTP ${this.#status} ${Buffer.concat(this.#keep ?? [])
        .toString('utf8')
        .slice(0, 160)}`;
    if (this.#keep) {
      const fault = this.#parse(spec, Buffer.concat(this.#keep));
      if (fault) return fault;
      tally.counts.verified++;
      if (!expected.has(spec)) expected.set(spec, this.#count);
    }
    const want = expected.get(spec);
    return want === this.#count ? null : `incomplete answer: ${this.#count} of ${want} deltas`;
  }

  #parse(spec: RequestSpec, raw: Buffer): string | null {
    try {
      return faultOf(spec, this.#need === CHUNKED ? unchunk(raw) : raw);
    } catch (e) {
      return (e as Error).message;
    }
  }

  #next(delayMs: number): void {
    this.spec = null;
    this.#keep = this.#head = this.#rest = null;
    this.#load.idle(this, delayMs);
  }
}
