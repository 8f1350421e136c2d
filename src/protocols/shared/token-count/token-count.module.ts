import { Module } from '@nestjs/common';
import { TokenCounter } from './token-counter.service.js';
import { TokenizerThread } from './tokenizer-thread.js';

const IDLE_MS = 5 * 60_000;
const STUCK_MS = 10_000;

/** Counting of input tokens, one thread and one memory of counts for all dialects. */
@Module({
  providers: [{ provide: TokenizerThread, useFactory: () => new TokenizerThread({ idleMs: IDLE_MS, stuckMs: STUCK_MS }) }, TokenCounter],
  exports: [TokenCounter],
})
export class TokenCountModule {}
