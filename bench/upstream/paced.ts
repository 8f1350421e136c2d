/** Paced streams: one 1 ms timer per pace; a stream lives in one of MS slots and is served once per turn. */
import type { Socket } from 'node:net';
import { httpChunk, LAST_CHUNK, SSE_HEAD } from '../payload/framing.ts';
import { SENTINEL, STAMP_DIGITS, stampText } from '../payload/text.ts';
import type { Dialect } from '../scenarios.ts';
import { BUILD } from './answers.ts';
import { stats } from './stats.ts';

interface PacedAnswer {
  readonly head: Buffer;
  readonly deltas: readonly Buffer[];
  /** Where the stamp of each delta begins. */
  readonly at: readonly number[];
  tail(text: string): Buffer;
}

export interface PacedStream {
  readonly sock: Socket;
  readonly answer: PacedAnswer;
  readonly ended: () => void;
  next: number;
  text: string;
  dead: boolean;
}

interface Wheel {
  readonly slots: PacedStream[][];
  next: number;
  tick: number;
}

const answers = new Map<string, PacedAnswer>();
const wheels = new Map<number, Wheel>();

function build(dialect: Dialect, n: number): PacedAnswer {
  const stamp = '0'.repeat(STAMP_DIGITS);
  const events = BUILD[dialect](n, (i) => stampText(i, stamp));
  const deltas = events.deltas.map((delta) => Buffer.from(httpChunk(delta)));
  return {
    head: Buffer.from(SSE_HEAD + events.head.map(httpChunk).join('')),
    deltas,
    at: deltas.map((delta) => delta.indexOf(SENTINEL) - STAMP_DIGITS),
    tail: (text) => Buffer.from(events.tail(text).map(httpChunk).join('') + LAST_CHUNK),
  };
}

function writeStamp(delta: Buffer, at: number): void {
  const [seconds, ns] = process.hrtime();
  let us = seconds * 1e6 + Math.floor(ns / 1e3);
  for (let p = at + STAMP_DIGITS - 1; p >= at; p--) {
    delta[p] = 48 + (us % 10);
    us = Math.floor(us / 10);
  }
}

/** Writes the next delta; false when the stream is over. */
function step(s: PacedStream): boolean {
  if (s.dead) return false;
  const at = s.answer.at[s.next]!;
  const delta = Buffer.from(s.answer.deltas[s.next]!);
  writeStamp(delta, at);
  s.sock.write(delta);
  s.text += stampText(s.next, delta.toString('latin1', at, at + STAMP_DIGITS));
  stats.events++;
  if (++s.next < s.answer.deltas.length) return true;
  s.sock.write(s.answer.tail(s.text));
  stats.active--;
  s.ended();
  return false;
}

function serve(slot: PacedStream[]): void {
  let kept = 0;
  for (const stream of slot) if (step(stream)) slot[kept++] = stream;
  slot.length = kept;
}

function wheelOf(ms: number): Wheel {
  const known = wheels.get(ms);
  if (known) return known;
  const wheel: Wheel = { slots: Array.from({ length: ms }, () => []), next: 0, tick: 0 };
  const startedAt = performance.now();
  setInterval(() => {
    const now = Math.floor(performance.now() - startedAt);
    // Hopelessly late: skip turns rather than pile up.
    if (now - wheel.tick > ms) wheel.tick = now - ms;
    while (wheel.tick < now) serve(wheel.slots[++wheel.tick % ms]!);
  }, 1);
  wheels.set(ms, wheel);
  return wheel;
}

export function startPaced(sock: Socket, dialect: Dialect, n: number, everyMs: number, ended: () => void): PacedStream {
  const key = `${dialect} ${n}`;
  let answer = answers.get(key);
  if (!answer) answers.set(key, (answer = build(dialect, n)));
  const stream: PacedStream = { sock, answer, ended, next: 0, text: '', dead: false };
  sock.write(answer.head);
  stats.active++;
  const wheel = wheelOf(everyMs);
  wheel.slots[wheel.next++ % everyMs]!.push(stream);
  return stream;
}
