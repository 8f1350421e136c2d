import { isIPv6 } from 'node:net';

/** `socks5` resolves the backend's name here, `socks5h` leaves that to the proxy. */
export type ProxyKind = 'http' | 'https' | 'socks5' | 'socks5h';

export interface ProxyAddress {
  readonly kind: ProxyKind;
  readonly host: string;
  readonly port: number;
  /** Percent-decoded; empty where there are none. */
  readonly username: string;
  readonly password: string;
  /** The address without credentials, for messages. */
  readonly label: string;
}

const DEFAULT_PORT: Record<ProxyKind, number> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };

/** Reads `proxy-url`; null for an empty one. Throws where it is no proxy URL: without its proxy the service must not start. */
export function parseProxyUrl(text: string): ProxyAddress | null {
  if (text === '') return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const kind = url?.protocol.slice(0, -1) ?? '';
  if (url === null || !isProxyKind(kind) || url.hostname === '') {
    throw new Error('proxy-url must be http://, https://, socks5:// or socks5h:// with a host');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? DEFAULT_PORT[kind] : Number(url.port);
  return { kind, host, port, username: decode(url.username), password: decode(url.password), label: `${kind}://${authority(host, port)}` };
}

/** `host:port`, with brackets around an IPv6 address. */
export const authority = (host: string, port: number): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

/** The value of `Proxy-Authorization`; undefined without credentials. */
export const basicCredentials = ({ username, password }: ProxyAddress): string | undefined =>
  username === '' && password === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

const isProxyKind = (kind: string): kind is ProxyKind => Object.hasOwn(DEFAULT_PORT, kind);

/** A password may hold a bare `%`: then it is meant as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
