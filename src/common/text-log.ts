/** What stands in a log line beside its level and time. */
export interface LogFields {
  readonly context?: string;
  readonly msg?: string;
  readonly err?: { readonly stack?: string };
  readonly [field: string]: unknown;
}

const PLAIN = /^[\w\-.:/+@[\]]+$/;
const CONTROL = /[\x00-\x1f\x7f]/g;

const shown = (value: unknown): string => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) ? value : JSON.stringify(value);
};
const oneLine = (text: string): string => text.replace(CONTROL, (char) => JSON.stringify(char).slice(1, -1));

let lastMs = 0;
let lastText = '';
const instant = (now: number): string => {
  if (now !== lastMs) {
    lastMs = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
};

/**
 * A log line for people: `time LEVEL [context] message name=value …`. Values cannot break the line; the stack of an error
 * follows it, indented.
 */
export const textLine = (level: string, { context, msg, err, ...fields }: LogFields, now: number): string => {
  let line = `${instant(now)} ${level.toUpperCase().padEnd(5)}`;
  if (context !== undefined) line += ` [${context}]`;
  if (msg !== undefined) line += ` ${oneLine(msg)}`;
  for (const name in fields) if (fields[name] !== undefined) line += ` ${name}=${shown(fields[name])}`;
  if (err !== undefined) {
    const { stack, ...rest } = err;
    line += ` err=${shown(rest)}`;
    if (stack !== undefined) line += `\n    ${stack.replaceAll('\n', '\n    ')}`;
  }
  return `${line}\n`;
};
