import { listenFault, optionalListenFault } from '../addresses.js';
import { Flag, Integer, Seconds, Text } from '../key.decorators.js';

export class InboundKeys {
  static readonly title = 'Listening';

  @Text('listen', {
    about: "Address and port to listen on; ':8080' is every interface, '127.0.0.1:8080' this machine only.",
    check: listenFault,
  })
  listen = ':8080';

  @Flag('enable-listen-h2c', { about: 'Serve HTTP/2 without TLS beside HTTP/1.1 on the same port.' })
  enableListenH2c = true;

  @Integer('max-body-size-mb', { about: 'Largest request body in MiB; a larger one is answered 413.', min: 1, max: 512 })
  maxBodySizeMb = 64;

  @Integer('max-decompressed-body-size-mb', {
    about: 'Largest size in MiB a compressed request body may unpack to; 0 = the same as max-body-size-mb.',
    min: 0,
    max: 512,
  })
  maxDecompressedBodySizeMb = 0;

  @Integer('body-memory-mb', {
    about:
      'Memory in MiB for the request bodies of all clients together, until they are answered; beyond it bodies wait for 10 seconds at most, then 503. 0 = a quarter of the heap.',
    min: 0,
    max: 65_536,
  })
  bodyMemoryMb = 0;

  @Seconds('listen-read-header-timeout-sec', {
    about: 'A client must have sent its request headers after this time; 0 = no limit.',
    min: 0,
    max: 3600,
  })
  listenReadHeaderTimeoutSec = 60;

  @Seconds('listen-idle-timeout-sec', {
    about: 'A kept-alive connection without a request is closed after this time; 0 = never.',
    min: 0,
    max: 86_400,
  })
  listenIdleTimeoutSec = 180;

  @Seconds('listen-write-timeout-sec', {
    about: 'A client that takes nothing of its answer for this time is cut off; 0 = never.',
    min: 0,
    max: 86_400,
  })
  listenWriteTimeoutSec = 300;

  @Seconds('listen-tcp-keepalive-sec', {
    about: 'Idle time before TCP keep-alive probes on client connections; 0 = no probes.',
    min: 0,
    max: 86_400,
  })
  listenTcpKeepaliveSec = 30;

  @Integer('listen-max-header-bytes', { about: 'Largest size of all request headers together.', min: 4096, max: 16_777_216 })
  listenMaxHeaderBytes = 1_048_576;

  @Integer('listen-concurrency', { about: 'Most client connections at the same time; 0 = no limit.', min: 0, max: 1_000_000 })
  listenConcurrency = 0;

  @Integer('h2-max-concurrent-streams', {
    about: 'Most requests at the same time on one HTTP/2 connection of a client.',
    min: 1,
    max: 1_000_000,
  })
  h2MaxConcurrentStreams = 1000;

  @Seconds('shutdown-timeout', { about: 'Time that running answers get to end after SIGTERM.', min: 1, max: 3600 })
  shutdownTimeout = 30;

  @Text('metrics-listen', {
    about: 'Separate address for Prometheus, without authentication; empty = none.',
    check: optionalListenFault,
    notYet: true,
  })
  metricsListen = '';

  @Flag('enable-websocket', {
    about: 'Responses over WebSocket.',
    noEffect: 'a WebSocket upgrade is answered 426 at once, and clients then stream over HTTP',
  })
  enableWebsocket = true;
}
