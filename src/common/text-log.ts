const LEVELS: Record<number, string> = { 10: 'TRACE', 20: 'DEBUG', 30: 'INFO ', 40: 'WARN ', 50: 'ERROR', 60: 'FATAL' };
const PLAIN = /^[\w\-.:/+@[\]]+$/;

const shown = (value: unknown): string => {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) ? value : JSON.stringify(value);
};

const CONTROL = /[\x00-\x1f\x7f]/g;
const oneLine = (text: string): string => text.replace(CONTROL, (char) => JSON.stringify(char).slice(1, -1));

interface LogRecord {
  readonly time: number;
  readonly level: number;
  readonly context?: string;
  readonly msg?: string;
  readonly err?: { readonly stack?: string };
  readonly [field: string]: unknown;
}

/** A JSON log line for people: `time LEVEL [context] message name=value …`. Values cannot break the line; a stack follows it, indented. */
export const toTextLine = (json: string): string => {
  const { time, level, context, msg, err, ...fields } = JSON.parse(json) as LogRecord;
  let line = `${new Date(time).toISOString()} ${LEVELS[level] ?? level}`;
  if (context !== undefined) line += ` [${context}]`;
  if (msg !== undefined) line += ` ${oneLine(msg)}`;
  for (const name in fields) line += ` ${name}=${shown(fields[name])}`;
  if (err !== undefined) {
    const { stack, ...rest } = err;
    line += ` err=${shown(rest)}`;
    if (stack !== undefined) line += `\n    ${stack.replaceAll('\n', '\n    ')}`;
  }
  return `${line}\n`;
};
