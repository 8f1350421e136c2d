import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ValueCheck } from './key-declaration.js';

export interface HostPort {
  /** Without brackets; empty when only a port was written. */
  readonly host: string;
  readonly port?: number;
}

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:/?#@[\]]*))(?::(\d{1,5}))?$/;

/** `host:port`, `:port`, `[::1]:port`, `host` or `[::1]`; nothing when the text is none of them. */
export const parseHostPort = (text: string): HostPort | undefined => {
  const match = HOST_PORT.exec(text);
  if (!match) return undefined;
  if (match[1] !== undefined && isIP(match[1]) !== 6) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  return port !== undefined && port > 65_535 ? undefined : { host: match[1] ?? match[2]!, port };
};

export const listenFault: ValueCheck<string> = (text) =>
  parseHostPort(text)?.port === undefined ? `look like ':8080', '127.0.0.1:8080' or '[::1]:8080'` : undefined;

export const optionalListenFault: ValueCheck<string> = (text) => (text === '' ? undefined : listenFault(text));

/** The address to bind for a host as written. Without a host it is every interface, IPv6 included where the machine has it. */
export const bindAddress = (host: string): string => {
  if (host !== '') return host;
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
  return hasIpv6 ? '::' : '0.0.0.0';
};

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** An IP address or a name, with an optional port, to connect to instead of what DNS says. */
export const resolveAddressFault: ValueCheck<string> = (text) =>
  text === '' || parseHostPort(text)?.host ? undefined : `be an address such as '203.0.113.7', '203.0.113.7:443' or '[2001:db8::7]:443'`;

export const domainFault: ValueCheck<string> = (text) =>
  text === '' || parseHostPort(text)?.host ? undefined : `be a host name alone, such as 'chatgpt.com', without scheme and path`;

/** `chatgpt.com/backend-api/codex` → `https://chatgpt.com/backend-api/codex`; no slash at the end. */
export const withScheme = (text: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`).replace(/\/+$/, '');

export const webAddressFault: ValueCheck<string> = (text) => {
  if (text === '') return undefined;
  const url = URL.parse(withScheme(text));
  if (!url?.hostname || !/^https?:$/.test(url.protocol)) return `be an address such as 'https://chatgpt.com/backend-api/codex'`;
  if (url.username || url.password) return 'hold no credentials';
  return url.search || url.hash ? 'have neither query nor fragment' : undefined;
};

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const PROXY_FORMS = 'be http://, https://, socks5:// or socks5h:// followed by [user:pass@]host:port';

/** The message never repeats the text: it may hold a password. */
export const proxyFault: ValueCheck<string> = (text) => {
  if (text === '') return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  if (!url?.hostname || !/^(https?|socks5h?):$/.test(url.protocol)) return PROXY_FORMS;
  if (url.protocol.startsWith('socks') && url.port === '') return `${PROXY_FORMS}; a SOCKS proxy needs its port`;
  if (!isDecodable(url.username) || !isDecodable(url.password)) return 'have its credentials percent-encoded (% is written %25)';
  if (!['', '/'].includes(url.pathname) || url.search || url.hash) return `${PROXY_FORMS}; a path or query has no meaning for a proxy`;
  return undefined;
};

/** Where the usage endpoint lies for a Codex root: beside `/codex` under `/backend-api`, below `/api/codex` on other hosts. */
export const usageUrlFor = (baseUrl: string): string => {
  const backend = /^(.*\/backend-api)(?:\/|$)/.exec(baseUrl)?.[1];
  return backend ? `${backend}/wham/usage` : `${baseUrl.replace(/\/codex$/, '')}/api/codex/usage`;
};
