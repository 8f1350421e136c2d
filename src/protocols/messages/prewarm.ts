import type { ByteString } from '../../common/byte-string.js';
import { BlockFrames } from './block-frames.js';
import { BlockJson } from './block-json.js';
import type { BlockOutput } from './block-output.js';
import type { MessagesReply } from './messages-reply.js';
import { estimatedUsage } from './usage.js';

/**
 * The answer to `max_tokens: 0`, with which clients fill the vendor's cache before they need it. The backend knows no limit of its output,
 * so it is not asked at all.
 */
function tellPrewarm(reply: MessagesReply, out: BlockOutput): void {
  out.begin(reply.fallbackId, 'standard');
  out.end({
    stop: { stop_reason: 'max_tokens', stop_sequence: null, stop_details: null },
    usage: { ...estimatedUsage(reply.inputEstimate(), 0, null), output_tokens: 0 },
    complete: false,
  });
}

export function prewarmFrames(reply: MessagesReply): ByteString {
  const frames = new BlockFrames(reply);
  tellPrewarm(reply, frames);
  const { preamble, output } = frames.take();
  return preamble + output;
}

export function prewarmJson(reply: MessagesReply): string {
  const message = new BlockJson(reply);
  tellPrewarm(reply, message);
  return message.json();
}
