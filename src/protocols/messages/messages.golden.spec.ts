import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { messagesAnswer, messagesStream } from '../../../test/support/messages-answers.js';
import { readMessagesStream } from '../../../test/support/messages-grammar.js';
import { framesOf } from '../../../test/support/sse-frames.js';
import { fixtureNames, readFixture } from '../../../test/support/upstream-fixtures.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { MessagesReply } from './messages-reply.js';

const DIR = join(import.meta.dirname, '../../../test/golden/messages');
/** `UPDATE_GOLDEN=1 npm run jest -- messages.golden` writes the files anew; read the diff before committing it. */
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

/** What of a turn the client asked to see. */
const PLAIN: Partial<MessagesReply> = { thinking: 'hidden', webSearch: false };

describe('Messages answers, fixture by fixture', () => {
  it.each(fixtureNames())('%s: stream with thinking and searches', (name) => {
    const text = messagesStream(readFixture(name));
    expect(readMessagesStream(framesOf(text)).faults).toEqual([]);
    golden(`${name}.thinking.sse`, text);
  });

  it.each(fixtureNames())('%s: stream without', (name) => {
    const text = messagesStream(readFixture(name), PLAIN);
    expect(readMessagesStream(framesOf(text)).faults).toEqual([]);
    golden(`${name}.sse`, text);
  });

  it.each(fixtureNames())('%s: JSON', (name) => {
    const answer = messagesAnswer(readFixture(name));
    const text = answer instanceof GatewayError ? `${answer.kind}: ${answer.message}` : JSON.stringify(answer, null, 2);
    golden(`${name}.json`, `${text}\n`);
  });
});
