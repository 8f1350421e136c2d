import { Seconds } from '../key.decorators.js';

export class StreamingKeys {
  static readonly title = 'Streaming';

  @Seconds('stream-header-hold', {
    about: 'Until the first output, headers are held back this long, so that a failure keeps its real HTTP status; 0 = not at all.',
    min: 0,
    max: 600,
  })
  streamHeaderHold = 20;

  @Seconds('stream-keepalive-interval', { about: 'Pause of a stream after which a keep-alive is sent; 0 = never.', min: 0, max: 600 })
  streamKeepaliveInterval = 15;

  @Seconds('nonstream-keepalive-interval', {
    about:
      'Interval of keep-alive blanks for long answers that are not streamed; 0 = none. A failure after the first blank has status 200.',
    min: 0,
    max: 600,
  })
  nonstreamKeepaliveInterval = 0;
}
