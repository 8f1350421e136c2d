import { Injectable } from '@nestjs/common';
import type { Cancellation } from '../common/cancellation.js';
import { GatewayError } from '../common/gateway-error.js';
import { CompactAnswer, CompactAttempt } from './compact-attempt.js';
import { AttemptLoop } from './attempt-loop.service.js';
import type { CodexRequest } from './codex-request.js';
import { HeaderHold } from './header-hold.js';
import { StreamAttempt } from './stream-attempt.js';
import type { TurnSink } from './turn-sink.js';
import { Config } from '../config/config.js';

/** From one request of any dialect to its answer, over as many accounts as the configuration allows. */
@Injectable()
export class Executor {
  constructor(
    private readonly loop: AttemptLoop,
    private readonly stream: StreamAttempt,
    private readonly compaction: CompactAttempt,
    private readonly config: Config,
  ) {}

  /**
   * Runs a turn into `sink`. Resolves when the sink has been told `end` or a failure it could show in-band; rejects with
   * `GatewayError` when nothing was sent yet, so that the caller answers with a real status. `signal` fires when the client leaves.
   */
  async run(request: CodexRequest, sink: TurnSink, signal: Cancellation, requestId: string): Promise<void> {
    const hold = new HeaderHold(sink, this.config.streamHeaderHold * 1000);
    try {
      await this.loop.run(request, requestId, signal, {
        attempt: (turn, lease) => this.stream.run(turn, lease, sink, hold, signal),
        committed: () => sink.committed,
      });
      sink.end();
    } catch (error) {
      const failure = error instanceof GatewayError ? error : new GatewayError('internal', 'the gateway failed', {}, error);
      if (!sink.fail(failure)) throw failure;
    } finally {
      hold.stop();
    }
  }

  /** Runs a compaction; rejects with `GatewayError`. */
  async compact(request: CodexRequest, signal: Cancellation, requestId: string): Promise<CompactAnswer> {
    let answer: CompactAnswer | undefined;
    await this.loop.run(request, requestId, signal, {
      attempt: async (turn, lease) => {
        const result = await this.compaction.run(turn, lease, signal);
        answer = result.answer;
        return result.outcome;
      },
      committed: () => false,
    });
    return answer!;
  }
}
