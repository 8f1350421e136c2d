import { isRecord } from './account-file-fields.js';
import { isNewer, parseRecord, ParsedAccount, RecordFault } from './account-record.js';

/** `line` counts from 1; the message holds nothing of the text, which is full of secrets. */
export interface ImportFault {
  line: number;
  message: string;
}

export interface ParsedImport {
  accounts: ParsedAccount[];
  faults: ImportFault[];
  /** The text is one JSON object that is one account: such a file can be written back to. */
  single: boolean;
  /** Not JSON as a whole: perhaps a file that somebody is still writing. */
  malformed: boolean;
}

interface Entry {
  value: unknown;
  line: number;
  /** Place inside the text, for messages: `entry 3: `. */
  place: string;
}

/**
 * Reads every known form: one account, an array, NDJSON with `#` comments, an export with `accounts`, an official auth.json,
 * bare token lines. Never throws: what cannot be read is a fault, and the rest is read.
 */
export function parseAccounts(text: string): ParsedImport {
  const body = text.replace(/^\uFEFF/, '').replace(/^[ \t]*#.*$/gm, '');
  if (body.trim() === '') return { accounts: [], faults: [{ line: 1, message: 'is empty' }], single: false, malformed: true };
  const whole = tryJson(body);
  if ('value' in whole) {
    const entries = unfold(whole.value, 1, '');
    const read = readEntries(entries);
    return {
      ...read,
      single: isRecord(whole.value) && !Array.isArray(whole.value.accounts) && read.accounts.length === 1,
      malformed: false,
    };
  }
  if (!looksLikeLines(body)) return { accounts: [], faults: [whole.fault], single: false, malformed: true };
  return { ...readLines(body), single: false };
}

type JsonResult = { value: unknown } | { fault: ImportFault };

function tryJson(body: string): JsonResult {
  try {
    return { value: JSON.parse(body) as unknown };
  } catch (error) {
    return { fault: jsonFault(body, error as Error) };
  }
}

/** The engine's own message quotes the text, so only its position is used. */
function jsonFault(body: string, error: Error): ImportFault {
  const position = /position (\d+)/.exec(error.message)?.[1];
  const offset = position === undefined ? body.trimEnd().length : Number(position);
  const before = body.slice(0, offset).split('\n');
  const column = before.at(-1)!.length + 1;
  return { line: before.length, message: `malformed JSON at line ${before.length}, column ${column}` };
}

/** A broken object is reported once; only a text whose first line stands by itself is read line by line. */
function looksLikeLines(body: string): boolean {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  const first = lines[0]!.trim();
  if (!/^[{[]/.test(first)) return !/^["\d]/.test(first);
  return lines.length > 1 && 'value' in tryJson(first);
}

function readLines(body: string): { accounts: ParsedAccount[]; faults: ImportFault[]; malformed: boolean } {
  const entries: Entry[] = [];
  const faults: ImportFault[] = [];
  for (const [index, raw] of body.split('\n').entries()) {
    const text = raw.trim();
    if (text === '') continue;
    const line = index + 1;
    const result: JsonResult = /^[{["]/.test(text) ? tryJson(text) : { value: text };
    if ('value' in result) entries.push(...unfold(result.value, line, ''));
    else faults.push({ line, message: 'malformed JSON' });
  }
  const read = readEntries(entries);
  return { accounts: read.accounts, faults: [...faults, ...read.faults].sort((a, b) => a.line - b.line), malformed: faults.length > 0 };
}

function unfold(value: unknown, line: number, place: string): Entry[] {
  const list: unknown = isRecord(value) ? value.accounts : value;
  if (!Array.isArray(list)) return [{ value, line, place }];
  return list.map((entry: unknown, index) => ({ value: entry, line, place: `entry ${index + 1}: ` }));
}

function readEntries(entries: readonly Entry[]): { accounts: ParsedAccount[]; faults: ImportFault[] } {
  const byIdentity = new Map<string, ParsedAccount>();
  const faults: ImportFault[] = [];
  for (const { value, line, place } of entries) {
    try {
      const account = parseRecord(value, line);
      const key = `${account.chatgptAccountId}\n${account.chatgptUserId}`;
      const earlier = byIdentity.get(key);
      if (earlier) faults.push({ line, message: `${place}the same account stands here twice; the newer tokens are taken` });
      if (!earlier || !isNewer(earlier, account)) byIdentity.set(key, account);
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      faults.push({ line, message: place + error.message });
    }
  }
  return { accounts: [...byIdentity.values()], faults };
}
