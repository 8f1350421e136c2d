/** Finding out whether a target answers, and when it has come to rest. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestSpec } from '../loadgen/job.ts';
import { cpuMs } from '../meter/proc-tree.ts';
import { unchunk } from '../payload/framing.ts';
import type { Started } from './process.ts';
import { faultOf } from './verify.ts';

const ASK_TIMEOUT_MS = 10_000;
const LAST = Buffer.from('0\r\n\r\n');

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The target has no route for this dialect: a reason to skip, not a fault. */
export class NotSupported extends Error {}

function bodyFault(spec: RequestSpec, head: string, body: Buffer, chunked: boolean): string | null {
  const status = head.slice(9, 12);
  if (status !== '200') return `HTTP ${status} ${body.toString().slice(0, 200)}`;
  try {
    return faultOf(spec, chunked ? unchunk(body) : body);
  } catch (e) {
    return (e as Error).message;
  }
}

/** The verdict on what has arrived; undefined while more must come. */
function verdict(spec: RequestSpec, all: Buffer): string | null | undefined {
  const end = all.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = all.toString('latin1', 0, end);
  const body = all.subarray(end + 4);
  const length = /content-length: *(\d+)/i.exec(head);
  const complete = length ? body.length >= Number(length[1]) : body.subarray(-LAST.length).equals(LAST);
  return complete ? bodyFault(spec, head, body, !length) : undefined;
}

/** One request on a fresh connection: null when the answer is right, else the reason. */
export function ask(spec: RequestSpec, address: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const sock = net.connect(address);
    const parts: Buffer[] = [];
    const end = (why: string | null) => {
      clearTimeout(timer);
      sock.destroy();
      resolve(why);
    };
    const timer = setTimeout(() => end('timeout'), ASK_TIMEOUT_MS);
    sock.on('error', (e: NodeJS.ErrnoException) => end(e.code ?? e.message)).on('close', () => end('closed'));
    sock.on('connect', () => sock.write(spec.bytes));
    sock.on('data', (d) => {
      parts.push(d);
      const why = verdict(spec, Buffer.concat(parts));
      if (why !== undefined) end(why);
    });
  });
}

function refuseUnknownRoute(why: string | null): void {
  if (why?.startsWith('HTTP 404') && !why.includes('model_not_found')) throw new NotSupported('not supported yet (HTTP 404)');
}

/** Milliseconds from the start of the process to its first right answer. */
export async function untilReady(started: Started, spec: RequestSpec, address: Address, limitMs: number): Promise<number> {
  let why: string | null = 'not tried';
  for (const until = started.spawnedAt + limitMs; performance.now() < until;) {
    if (started.exited) throw new Error(`ended at start (${started.exited}): ${started.log(1500)}`);
    why = await ask(spec, address);
    if (!why) return performance.now() - started.spawnedAt;
    refuseUnknownRoute(why);
    await sleep(why === 'ECONNREFUSED' ? 3 : 10);
  }
  throw new Error(`no good answer within ${limitMs} ms: ${why}; log: ${started.log(600)}`);
}

/** One more question to a target that is ready; throws when its route is missing. */
export async function assertRoute(spec: RequestSpec, address: Address): Promise<void> {
  refuseUnknownRoute(await ask(spec, address));
}

/** Waits until the tree uses less than 5 % of a core for 400 ms; null when it never does. */
export async function settle(pid: number, limitMs = 60_000): Promise<number | null> {
  const startedAt = performance.now();
  let last = cpuMs(pid).total;
  for (let calm = 0; performance.now() - startedAt < limitMs;) {
    await sleep(200);
    const now = cpuMs(pid).total;
    calm = now - last <= 10 ? calm + 1 : 0;
    last = now;
    if (calm === 2) return performance.now() - startedAt - 400;
  }
  return null;
}
