import { describe, expect, it } from '@jest/globals';
import { ArgumentError, parseArguments } from './arguments.js';

describe('parseArguments', () => {
  it.each([
    [[], { command: 'start' }],
    [['start'], { command: 'start' }],
    [['check-config'], { command: 'check-config' }],
    [['sandbox'], { command: 'sandbox' }],
    [['--config', 'a.yaml'], { command: 'start', configFile: 'a.yaml' }],
    [['-config', 'a.yaml'], { configFile: 'a.yaml' }],
    [['--config=a=b.yaml', 'check-config'], { command: 'check-config', configFile: 'a=b.yaml' }],
    [['-config=a.yaml'], { configFile: 'a.yaml' }],
    [['check-config', '-c', 'a.yaml'], { command: 'check-config', configFile: 'a.yaml' }],
    [['--help'], { help: true, version: false }],
    [['-h'], { help: true }],
    [['--version'], { version: true, help: false }],
  ])('understands %j', (argv, expected) => {
    expect(parseArguments(argv)).toMatchObject(expected);
  });

  it.each([
    [['--confg', 'a.yaml'], 'unknown option --confg; did you mean --config?'],
    [['--confg=secret'], 'unknown option --confg; did you mean --config?'],
    [['--verbose-output'], 'unknown option --verbose-output'],
    [['chek-config'], 'unknown command chek-config; did you mean check-config?'],
    [['a.yaml'], 'unknown command a.yaml'],
    [['start', 'sandbox'], 'one command at a time: start or sandbox'],
    [['--config'], '--config needs a file: --config config.yaml'],
    [['--config='], '--config needs a file: --config config.yaml'],
    [['-config', '--help'], '-config needs a file: -config config.yaml'],
    [['--config', 'a', '--config', 'b'], '--config is given twice'],
    [['--help=yes'], '--help takes no value'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(new ArgumentError(message));
  });
});
