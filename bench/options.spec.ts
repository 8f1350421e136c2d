import { describe, expect, it } from '@jest/globals';
import { readOptions } from './options.ts';
import { scenarios } from './scenarios.ts';
import { running } from './targets/running.ts';

describe('options of the benchmark', () => {
  it('measure this gateway against both floors by default', () => {
    const options = readOptions([]);
    expect(options.targets).toEqual(['direct', 'floor', 'floor-translate', 'ours']);
    expect(options.base).toEqual(['floor', 'floor-translate']);
    expect(options).toMatchObject({ rounds: 3, ownNetwork: true, upstreamPort: 0, target: null });
    for (const id of options.scenarios) expect(scenarios.map((s) => s.id)).toContain(id);
  });

  it('stay in the shared network, on a known upstream port, for a server that runs already', () => {
    const options = readOptions(['--target', 'http://127.0.0.1:8080', '--target-key', 'k', '--target-pid', '42']);
    expect(options.target).toEqual({ url: 'http://127.0.0.1:8080', name: 'target', key: 'k', pid: 42 });
    expect(options).toMatchObject({ ownNetwork: false, upstreamPort: 18_090 });
  });

  it('refuse what they do not know', () => {
    expect(() => readOptions(['--round', '3'])).toThrow(/--round/);
    expect(() => readOptions(['--rounds', 'many'])).toThrow('--rounds must be a number, not "many"');
  });
});

describe('a server that runs already', () => {
  it('is addressed by plain http at its root', () => {
    const server = { name: 'other', key: '', pid: null };
    expect(() => running({ ...server, url: 'https://127.0.0.1' })).toThrow('only plain http');
    expect(() => running({ ...server, url: 'http://127.0.0.1/api' })).toThrow('begin at the root');
    const started = running({ ...server, url: 'http://127.0.0.1:8080/v1' }).start({} as never);
    expect(started).toMatchObject({ address: { host: '127.0.0.1', port: 8080 }, pid: null, foreign: true });
  });
});
