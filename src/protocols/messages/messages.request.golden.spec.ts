import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decode, refusedByBackend, resolve } from '../../../test/support/decode-messages.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { decodeCountTokens } from './messages.request.js';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/client-requests');
const GOLDEN = join(import.meta.dirname, '../../../test/golden/messages/requests');
/** `UPDATE_GOLDEN=1 npm run jest -- messages.request.golden` writes the files anew; read the diff before committing it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';
/** Beyond this a golden file is nobody's reading. */
const SMALL_BYTES = 9_000;

interface Captured {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject | null;
}

const captured: readonly (readonly [string, Captured])[] = readdirSync(FIXTURES).map((name) => [
  name.replace('.json', ''),
  JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as Captured,
]);
const turns = captured.filter(([, { path }]) => /^\/v1\/messages(\?|$)/.test(path));
const counts = captured.filter(([, { path }]) => path.startsWith('/v1/messages/count_tokens'));
const small = turns.filter(([, { body }]) => JSON.stringify(body).length < SMALL_BYTES);

function golden(file: string, actual: string): void {
  const path = join(GOLDEN, file);
  if (UPDATE || !existsSync(path)) {
    if (!UPDATE) throw new Error(`no golden file ${file}; run with UPDATE_GOLDEN=1`);
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(actual).toBe(readFileSync(path, 'utf8'));
}

describe('captured requests', () => {
  it('are all known', () => {
    expect([turns.length, counts.length]).toEqual([15, 2]);
    expect(small.length).toBeGreaterThanOrEqual(4);
  });

  it.each(turns)('%s is taken, and the backend takes what it becomes', (_name, { headers, body }) => {
    const turn = decode(body!, headers);
    const { input, tools = [] } = turn.request.body as JsonObject & { input: JsonObject[]; tools?: JsonObject[] };
    expect(refusedByBackend(turn.request.body)).toBeNull();
    expect(turn.stream).toBe(body!.stream);
    expect(JSON.stringify(turn.request.body)).not.toMatch(/cache_control|x-anthropic-billing|eager_input_streaming/);
    expect(tools.map(({ name }) => name)).toEqual(((body!.tools ?? []) as JsonObject[]).map(({ name }) => name));
    expect(input.length).toBeGreaterThanOrEqual((body!.messages as unknown[]).length);
    expect(turn.request.sessionId === '').toBe(!('x-claude-code-session-id' in headers || 'x-session-affinity' in headers));
  });

  it.each(counts)('%s is taken for counting', (_name, { headers, body }) => {
    expect(decodeCountTokens(body!, headers, resolve).tools ?? []).toHaveLength(((body!.tools ?? []) as unknown[]).length);
  });

  it.each(small)('%s: what goes upstream', (name, { headers, body }) => {
    const { request, reply, stream, repairs } = decode(body!, headers, ['Read.pages']);
    const { names: _, dropEmptyArguments, ...shown } = reply;
    const known = { ...request, scoped: undefined, body: undefined };
    const told = { ...shown, dropEmptyArguments: [...dropEmptyArguments].map(([tool, args]) => [tool, ...args]) };
    golden(`${name}.json`, `${JSON.stringify({ stream, reply: told, repairs, request: known, body: request.body }, null, 2)}\n`);
  });

  it('keeps the prompt of a turn in the next one', () => {
    const of = (name: string): JsonObject[] => {
      const { headers, body } = new Map(captured).get(name)!;
      return decode(body!, headers).request.body.input;
    };
    for (const name of ['claude-code-opus-tool', 'pi-messages', 'claude-code-jsonschema']) {
      const first = of(`${name}-1of2`);
      expect(of(`${name}-2of2`).slice(0, first.length)).toEqual(first);
    }
  });
});
