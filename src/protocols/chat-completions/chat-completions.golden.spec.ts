import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { chatAnswer, chatStream } from '../../../test/support/chat-answers.js';
import { faultsOfCompletion, readChatStream } from '../../../test/support/chat-grammar.js';
import { fixtureNames, readFixture } from '../../../test/support/upstream-fixtures.js';
import { GatewayError } from '../../common/gateway-error.js';

const DIR = join(import.meta.dirname, '../../../test/golden/chat-completions');
/** `UPDATE_GOLDEN=1 npm run jest -- chat-completions.golden` writes the files anew; read the diff before committing it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

function golden(file: string, actual: string): void {
  const path = join(DIR, file);
  if (UPDATE || !existsSync(path)) {
    if (!UPDATE) throw new Error(`no golden file ${file}; run with UPDATE_GOLDEN=1`);
    mkdirSync(DIR, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(actual).toBe(readFileSync(path, 'utf8'));
}

describe('Chat Completions answers, fixture by fixture', () => {
  it.each(fixtureNames())('%s: stream', (name) => {
    const text = chatStream(readFixture(name));
    expect(readChatStream(text, false).faults).toEqual([]);
    golden(`${name}.sse`, text);
  });

  it.each(fixtureNames())('%s: stream with usage', (name) => {
    const text = chatStream(readFixture(name), { includeUsage: true });
    expect(readChatStream(text, true).faults).toEqual([]);
    golden(`${name}.usage.sse`, text);
  });

  it.each(fixtureNames())('%s: JSON', (name) => {
    const answer = chatAnswer(readFixture(name));
    if (!(answer instanceof GatewayError)) expect(faultsOfCompletion(answer)).toEqual([]);
    const text =
      answer instanceof GatewayError ? `${answer.kind} ${answer.detail.code ?? '-'}: ${answer.message}` : JSON.stringify(answer, null, 2);
    golden(`${name}.json`, `${text}\n`);
  });
});
