import { type DestinationStream, levels, pino } from 'pino';
import { LineOutput } from './line-output.js';
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

function openStdout(): LineOutput {
  const output = new LineOutput(1);
  process.on('exit', () => output.flushSync());
  return output;
}

/** @param out where lines go (a test's own list); standard output otherwise. */
export const openLogSink = ({ level, format }: LogOptions, out: DestinationStream = openStdout()): LogSink =>
  format === 'json' ? jsonSink(level, out) : textSink(level, out);
