import { LoggerService } from '@nestjs/common';
import { type DestinationStream, destination as openDestination, type Logger, pino } from 'pino';
import { redact, redactText } from './redact.js';
import { toTextLine } from './text-log.js';

export interface LogOptions {
  readonly level: string;
  readonly format: string;
}

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Nest tells of every route and module it wires; that is of interest only to who debugs the wiring. */
const WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** Lines are gathered and written by the pack, because a system call per line would cost more than the line. */
const STDOUT = { dest: 1, sync: false, minLength: 4_096, periodicFlush: 200 } as const;

/** Nest's logger over pino. Everything that goes through it is redacted. Use: `app.useLogger(createLogger(config))`. */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** For a line whose every field is known to be clean: no redaction, no context. */
  info(line: object): void {
    this.pino.info(line);
  }

  isLevelEnabled(level: Level): boolean {
    return this.pino.isLevelEnabled(level);
  }

  /** Nest's convention: the last argument is the context; before it, for an error, the stack. */
  #write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const actual: Level = level === 'info' && context !== undefined && WIRING.has(context) ? 'debug' : level;
    if (!this.pino.isLevelEnabled(actual)) return;
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    this.pino[actual]({ context, ...fieldsOf(message), ...(stack !== undefined && { stack: redact(stack) }) });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsOf = (message: unknown): Record<string, unknown> => {
  const clean = redact(message);
  if (message instanceof Error) return { msg: redactText(message.message), err: clean };
  return isRecord(clean) ? clean : { msg: typeof clean === 'string' ? clean : JSON.stringify(clean) };
};

/** @param out where lines go (a test's own sink); standard output otherwise. */
export const createLogger = ({ level, format }: LogOptions, out: DestinationStream = openDestination(STDOUT)): PinoLogger => {
  const sink: DestinationStream = format === 'json' ? out : { write: (line: string) => out.write(toTextLine(line)) };
  // `err` is already a plain object, and pino's serializer would add the raw error again.
  return new PinoLogger(pino({ level, base: null, serializers: { err: (value: unknown) => value } }, sink));
};
