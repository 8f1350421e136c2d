import { nearest } from '../config/nearest.js';

const COMMANDS = ['start', 'check-config', 'sandbox'] as const;
export type Command = (typeof COMMANDS)[number];

export interface Arguments {
  readonly command: Command;
  /** The file that `--config` names. */
  readonly configFile?: string;
  readonly help: boolean;
  readonly version: boolean;
}

/** The command line cannot be understood; the message is one line for the user. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

export const USAGE = `Usage: codex-proxy [command] [--config FILE]

Commands:
  start         serve (the default)
  check-config  read the configuration, print its faults, end with 0 or 1
  sandbox       serve in front of a simulated backend, with sample accounts

Options:
  --config FILE, -config FILE  configuration file (default: config.yaml, if there is one)
  --help, -h                   print this
  --version, -v                print the version`;

/** Go programs take one dash for long flags; both are accepted. */
const FLAGS: Readonly<Record<string, 'config' | 'help' | 'version'>> = {
  '--config': 'config',
  '-config': 'config',
  '-c': 'config',
  '--help': 'help',
  '-help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-version': 'version',
  '-v': 'version',
};

const unknown = (what: string, text: string, known: readonly string[]): ArgumentError => {
  const close = nearest(text, known);
  return new ArgumentError(`unknown ${what} ${text}${close ? `; did you mean ${close}?` : ''}`);
};

const isCommand = (text: string): text is Command => (COMMANDS as readonly string[]).includes(text);

/** @param argv what follows the program's name @throws ArgumentError */
export const parseArguments = (argv: readonly string[]): Arguments => {
  const found: { command?: Command; configFile?: string; help: boolean; version: boolean } = { help: false, version: false };
  const rest = [...argv];
  for (let text = rest.shift(); text !== undefined; text = rest.shift()) {
    if (!text.startsWith('-')) {
      if (!isCommand(text)) throw unknown('command', text, COMMANDS);
      if (found.command) throw new ArgumentError(`one command at a time: ${found.command} or ${text}`);
      found.command = text;
      continue;
    }
    const [name, inline] = text.includes('=') ? [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] : [text, undefined];
    const flag = FLAGS[name];
    if (!flag) throw unknown('option', name, Object.keys(FLAGS));
    if (flag === 'config') found.configFile = fileOf(name, inline ?? rest.shift(), found.configFile);
    else if (inline !== undefined) throw new ArgumentError(`${name} takes no value`);
    else found[flag] = true;
  }
  return { ...found, command: found.command ?? 'start' };
};

const fileOf = (name: string, file: string | undefined, before: string | undefined): string => {
  if (!file || file.startsWith('-')) throw new ArgumentError(`${name} needs a file: ${name} config.yaml`);
  if (before !== undefined) throw new ArgumentError(`${name} is given twice`);
  return file;
};
