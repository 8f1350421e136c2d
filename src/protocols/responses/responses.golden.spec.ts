import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decodeEvents, fixtureNames, readFixture, readFrames } from '../../../test/support/upstream-fixtures.js';
import { GatewayError } from '../../common/gateway-error.js';
import { ResponsesFold } from './responses.response.js';
import { ResponsesStreamEncoder } from './responses.stream.js';
import type { ResponsesReply } from './responses-reply.js';

const DIR = join(import.meta.dirname, '../../../test/golden/responses');
/** `UPDATE_GOLDEN=1 npm run jest -- responses.golden` writes the files anew; read the diff before committing it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const REPLY: ResponsesReply = {
  model: 'my-alias',
  slug: 'gpt-5.4',
  codexClient: false,
  echo: { temperature: 0.2 },
  asked: {
    instructions: null,
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: null,
    text: { format: { type: 'text' } },
  },
  fallbackId: 'resp_fallback',
  createdAt: 1_787_000_001,
};

function stream(name: string, codexClient: boolean): string {
  const encoder = new ResponsesStreamEncoder({ ...REPLY, codexClient });
  const { preamble, output, ended } = encoder.encode(decodeEvents(readFixture(name)));
  const cut = ended ? '' : encoder.fail(new GatewayError('truncated', 'upstream closed the stream before it finished'));
  return preamble + output + cut;
}

function fold(name: string): string {
  const turn = new ResponsesFold(REPLY);
  turn.accept(decodeEvents(readFixture(name)));
  try {
    return JSON.stringify(JSON.parse(turn.json()), null, 2);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${error.kind} ${error.detail.code ?? '-'}: ${error.message}`;
  }
}

function golden(file: string, actual: string): void {
  const path = join(DIR, file);
  if (UPDATE || !existsSync(path)) {
    if (!UPDATE) throw new Error(`no golden file ${file}; run with UPDATE_GOLDEN=1`);
    mkdirSync(DIR, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(actual).toBe(readFileSync(path, 'utf8'));
}

describe('Responses answers, fixture by fixture', () => {
  it.each(fixtureNames())('%s: stream', (name) => {
    const bytes = stream(name, false);
    readFrames(bytes);
    golden(`${name}.sse`, Buffer.from(bytes, 'latin1').toString('utf8'));
  });

  it.each(['done-alias-and-internal-events', 'overloaded-error-event'])('%s: stream for an official Codex client', (name) => {
    golden(`${name}.codex.sse`, Buffer.from(stream(name, true), 'latin1').toString('utf8'));
  });

  it.each(fixtureNames())('%s: JSON', (name) => {
    golden(`${name}.json`, `${fold(name)}\n`);
  });
});
