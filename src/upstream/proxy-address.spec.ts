import { describe, expect, it } from '@jest/globals';
import { authority, basicCredentials, parseProxyUrl } from './proxy-address.js';

describe('parseProxyUrl', () => {
  it.each([
    ['http://proxy.test', { kind: 'http', host: 'proxy.test', port: 80, label: 'http://proxy.test:80' }],
    ['https://proxy.test', { kind: 'https', port: 443 }],
    ['socks5://127.0.0.1:1080/', { kind: 'socks5', host: '127.0.0.1', port: 1080 }],
    ['socks5h://[::1]:9', { kind: 'socks5h', host: '::1', port: 9, label: 'socks5h://[::1]:9' }],
    ['http://us%20er:p%40ss%3A@h:1', { username: 'us er', password: 'p@ss:', label: 'http://h:1' }],
    ['socks5://u:100%@h:1', { username: 'u', password: '100%' }],
  ])('reads %s', (text, expected) => {
    expect(parseProxyUrl(text)).toMatchObject(expected);
  });

  it('is null for an empty text', () => {
    expect(parseProxyUrl('')).toBeNull();
  });

  it.each(['proxy:8080', 'ftp://h', 'socks4://h:1', 'http://'])('refuses %s', (text) => {
    expect(() => parseProxyUrl(text)).toThrow('proxy-url must be');
  });

  it('makes credentials of UTF-8, and none of nothing', () => {
    expect(basicCredentials(parseProxyUrl('http://u:%C3%A9@h')!)).toBe(`Basic ${Buffer.from('u:é').toString('base64')}`);
    expect(basicCredentials(parseProxyUrl('http://h')!)).toBeUndefined();
  });

  it('puts brackets around IPv6', () => {
    expect([authority('::1', 2), authority('a', 2)]).toEqual(['[::1]:2', 'a:2']);
  });
});
