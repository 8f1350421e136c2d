import { type DestinationStream, destination as openDestination, levels, pino } from 'pino';
import { type LogFields, textLine } from './text-log.js';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Where records go that are clean already. */
export interface LogSink {
  enabled(level: LogLevel): boolean;
  write(level: LogLevel, fields: LogFields): void;
}

export interface LogOptions {
  readonly level: string;
  readonly format: string;
}

/**
 * Lines are gathered and written by the pack, because handing each to a thread costs more than making it. What a stuck
 * reader leaves behind is dropped beyond 4 MiB; the rest is written when the process exits.
 */
const STDOUT = { dest: 1, sync: false, minLength: 8_192, periodicFlush: 200, maxLength: 4_194_304 } as const;

const jsonSink = (level: string, out: DestinationStream): LogSink => {
  // `err` is a plain object already, and pino's own serializer would add the raw error again.
  const logger = pino({ level, base: null, serializers: { err: (value: unknown) => value } }, out);
  return { enabled: (one) => logger.isLevelEnabled(one), write: (one, fields) => logger[one](fields) };
};

const textSink = (level: string, out: DestinationStream): LogSink => {
  const least = levels.values[level] ?? levels.values.info!;
  return {
    enabled: (one) => levels.values[one]! >= least,
    write: (one, fields) => {
      if (levels.values[one]! >= least) out.write(textLine(one, fields, Date.now()));
    },
  };
};

/** @param out where lines go (a test's own list); standard output otherwise. */
export const openLogSink = ({ level, format }: LogOptions, out: DestinationStream = openDestination(STDOUT)): LogSink =>
  format === 'json' ? jsonSink(level, out) : textSink(level, out);
