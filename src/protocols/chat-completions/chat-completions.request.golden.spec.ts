import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { backendRefusal, decodeChat } from '../../../test/support/decode-chat.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

const CAPTURED = join(import.meta.dirname, '../../../test/fixtures/client-requests');
const GOLDEN = join(import.meta.dirname, '../../../test/golden/chat-completions/requests');
/** `UPDATE_GOLDEN=1 npm run jest -- chat-completions.request.golden` writes the files anew; read the diff before committing it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

interface Captured {
  readonly name: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: JsonObject;
}

const captured = readdirSync(CAPTURED)
  .map((file) => ({
    name: file.replace('.json', ''),
    ...(JSON.parse(readFileSync(join(CAPTURED, file), 'utf8')) as Omit<Captured, 'name'>),
  }))
  .filter(({ path }) => path === '/v1/chat/completions');

describe('captured requests', () => {
  it('are there', () => {
    expect(captured.length).toBeGreaterThanOrEqual(5);
  });

  it.each(captured)('$name becomes the body that it became before', ({ name, headers, body }) => {
    const turn = decodeChat(body, headers);
    const { body: sent, sessionId, turnStart, ignored } = turn.request;
    const { names: _, ...reply } = turn.reply;
    const actual = `${JSON.stringify({ stream: turn.stream, reply, sessionId, turnStart, ignored, repairs: turn.repairs, body: sent }, null, 2)}\n`;
    const path = join(GOLDEN, `${name}.json`);
    if (UPDATE) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, actual);
    }
    if (!existsSync(path)) throw new Error(`no golden file ${name}; run with UPDATE_GOLDEN=1`);
    expect(actual).toBe(readFileSync(path, 'utf8'));
  });

  it.each(captured)('$name is a body that the backend takes', ({ headers, body }) => {
    const { request } = decodeChat(body, headers);
    expect(backendRefusal(request.body)).toBeNull();
    expect(JSON.stringify(request.body.input)).not.toContain(':null');
  });

  it('have the same beginning from one request of a conversation to the next', () => {
    const of = (name: string): JsonObject[] => decodeChat(captured.find((request) => request.name === name)!.body).request.body.input;
    for (const [first, second] of [
      ['opencode-chat-2of3', 'opencode-chat-3of3'],
      ['pi-chat-1of2', 'pi-chat-2of2'],
    ] as const) {
      expect(JSON.stringify(of(second).slice(0, of(first).length))).toBe(JSON.stringify(of(first)));
    }
  });
});
