import { LoggerService } from '@nestjs/common';
import type { DestinationStream } from 'pino';
import { type LogLevel, type LogOptions, type LogSink, openLogSink } from './log-sink.js';
import { redact, redactText } from './redact.js';
import type { LogFields } from './text-log.js';

/** Nest tells of every route and module it wires; that is of interest only to who debugs the wiring. */
const WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** Nest's logger over pino. Everything that goes through it is redacted. */
export class PinoLogger implements LoggerService {
  constructor(private readonly sink: LogSink) {}

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
  info(line: LogFields): void {
    this.sink.write('info', line);
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.sink.enabled(level);
  }

  /** Nest's convention: the last argument is the context; before it, for an error, the stack. */
  #write(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const actual: LogLevel = level === 'info' && context !== undefined && WIRING.has(context) ? 'debug' : level;
    if (!this.sink.enabled(actual)) return;
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    this.sink.write(actual, { context, ...fieldsOf(message), ...(stack !== undefined && { stack: redact(stack) }) });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsOf = (message: unknown): LogFields => {
  const clean = redact(message);
  if (message instanceof Error) return { msg: redactText(message.message), err: clean as { stack?: string } };
  return isRecord(clean) ? clean : { msg: typeof clean === 'string' ? clean : JSON.stringify(clean) };
};

/** @param out where lines go (a test's own list); standard output otherwise. */
export const createLogger = (options: LogOptions, out?: DestinationStream): PinoLogger => new PinoLogger(openLogSink(options, out));
