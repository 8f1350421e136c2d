import { domainFault, proxyFault, resolveAddressFault, webAddressFault } from '../addresses.js';
import { Flag, Integer, Seconds, Text } from '../key.decorators.js';

const headerFault = (text: string): string | undefined =>
  /^[\x20-\x7e]*$/.test(text) ? undefined : 'be printable ASCII: it is sent as a header';
const requiredHeaderFault = (text: string): string | undefined => (text.trim() === '' ? 'not be empty' : headerFault(text));
const tokenUrlFault = (text: string): string | undefined => (text === '' ? 'not be empty' : webAddressFault(text));

export class UpstreamKeys {
  static readonly title = 'Backend';

  @Text('backend-domain', {
    about: 'Host of the backend; the Codex root is https://<backend-domain>/backend-api/codex.',
    check: domainFault,
  })
  backendDomain = 'chatgpt.com';

  @Text('base-url', {
    about: 'Codex root as a whole; wins over backend-domain. Without a scheme it gets https.',
    check: webAddressFault,
    example: 'https://chatgpt.com/backend-api/codex',
  })
  baseUrl = '';

  @Text('usage-url', {
    about: 'Usage endpoint; empty = derived from the Codex root.',
    check: webAddressFault,
    example: 'https://chatgpt.com/backend-api/wham/usage',
  })
  usageUrl = '';

  @Text('oauth-token-url', { about: 'Where tokens are renewed.', check: tokenUrlFault })
  oauthTokenUrl = 'https://auth.openai.com/oauth/token';

  @Text('backend-resolve-address', {
    about: 'Address to connect to for the backend, instead of what DNS says; name and certificate stay those of the backend.',
    check: resolveAddressFault,
    example: '203.0.113.7:443',
  })
  backendResolveAddress = '';

  @Text('proxy-url', {
    about: 'Proxy for every outbound call: http, https, socks5 or socks5h (names resolved by the proxy), [user:pass@]host:port.',
    secret: true,
    check: proxyFault,
    example: 'socks5://127.0.0.1:1080',
  })
  proxyUrl = '';

  @Flag('enable-http2', { about: 'HTTP/2 towards the backend; HTTP/1.1 with many connections is usually steadier.' })
  enableHttp2 = false;

  @Integer('max-conns-per-host', {
    about:
      'Most connections to the backend with HTTP/2. With HTTP/1.1, where each stream holds one, it limits only when it is written here.',
    min: 1,
    max: 10_000,
    presenceMatters: true,
  })
  maxConnsPerHost = 12;

  @Integer('http2-max-conns-per-host-cap', { about: 'Ceiling of max-conns-per-host with HTTP/2; 0 = 30.', min: 0, max: 10_000 })
  http2MaxConnsPerHostCap = 0;

  @Integer('max-idle-conns-per-host', {
    about: 'Most idle connections that are kept to the backend.',
    noEffect: 'an idle connection is kept until upstream-idle-conn-timeout-sec is over, however many there are',
  })
  maxIdleConnsPerHost = 8;

  @Seconds('upstream-queue-timeout-sec', {
    about: 'Longest wait for a free connection when max-conns-per-host limits; then 503.',
    min: 0,
    max: 3600,
  })
  upstreamQueueTimeoutSec = 30;

  @Seconds('upstream-connect-timeout-sec', { about: 'Limit for a new connection; 0 = none.', min: 0, max: 600 })
  upstreamConnectTimeoutSec = 10;

  @Seconds('upstream-tls-handshake-timeout-sec', {
    about: 'Limit for the TLS handshake; 0 = upstream-connect-timeout-sec.',
    min: 0,
    max: 600,
  })
  upstreamTlsHandshakeTimeoutSec = 0;

  @Seconds('upstream-response-header-timeout-sec', {
    about: 'Limit from the request to the headers of its answer; 0 = none.',
    min: 0,
    max: 3600,
  })
  upstreamResponseHeaderTimeoutSec = 0;

  @Seconds('upstream-idle-timeout-seconds', {
    about: 'Limit of silence since the last byte sent or received, before the headers too; 0 = none.',
    min: 0,
    max: 86_400,
  })
  upstreamIdleTimeoutSeconds = 300;

  @Seconds('upstream-idle-conn-timeout-sec', { about: 'An unused connection is closed after this time; 0 = 120 s.', min: 0, max: 86_400 })
  upstreamIdleConnTimeoutSec = 0;

  @Seconds('keepalive-interval', {
    about: 'Interval of the ping that keeps connections to the backend warm; 0 = none.',
    min: 0,
    max: 86_400,
  })
  keepaliveInterval = 60;

  @Text('upstream-originator', {
    about: 'originator header for clients that are not an official Codex client.',
    check: requiredHeaderFault,
  })
  upstreamOriginator = 'codex_cli_rs';

  @Text('upstream-client-version', {
    about: 'Client version told to the backend; it decides which models are offered.',
    check: requiredHeaderFault,
  })
  upstreamClientVersion = '0.156.0';

  @Text('upstream-user-agent', {
    about: 'User-Agent for clients that are not an official Codex client; empty = derived from originator and version.',
    check: headerFault,
  })
  upstreamUserAgent = '';

  @Integer('max-idle-conns', {
    about: 'Most idle connections to all hosts.',
    noEffect: 'an idle connection is kept until upstream-idle-conn-timeout-sec is over, however many there are',
  })
  maxIdleConns = 48;

  @Flag('upstream-pool-auto-scale', {
    about: 'Raise the connection limits by the size of the pool.',
    noEffect: 'limits are used as they are written',
  })
  upstreamPoolAutoScale = true;

  @Integer('upstream-pool-max-cap', { about: 'Ceiling of upstream-pool-auto-scale.', noEffect: 'limits are used as they are written' })
  upstreamPoolMaxCap = 0;
}
