import { FieldName, FileRecord, isRecord, memberName, tokenHolder } from './account-file-fields.js';

/** What a rotation has brought. Empty string, 0 and left out: unknown, the file keeps what it has. Instants in epoch ms. */
export interface FileTokens {
  accessToken: string;
  refreshToken: string;
  idToken: string;
  accessExpiresAt: number;
  lastRefreshAt: number;
  chatgptAccountId?: string;
  email?: string;
}

/**
 * The text of a single-account file with new tokens in it: the members keep their names, places, order and form, whatever
 * else stands there stays, and so does the indentation. Null when the text is not one account.
 */
export function rewriteAccountFile(text: string, tokens: FileTokens): string | null {
  const value = parse(text);
  if (!value || Array.isArray(value.accounts)) return null;
  const holder = tokenHolder(value);
  setText(holder, 'accessToken', tokens.accessToken, camel(holder) ? 'accessToken' : 'access_token');
  setText(holder, 'refreshToken', tokens.refreshToken, camel(holder) ? 'refreshToken' : 'refresh_token');
  const keepsIdToken = memberName(holder, 'idToken') !== undefined || holder !== value.openai;
  if (keepsIdToken) setText(holder, 'idToken', tokens.idToken, camel(holder) ? 'idToken' : 'id_token');
  setInstant([holder, value], 'expiry', tokens.accessExpiresAt, holder === value && !camel(holder) ? 'expired' : null);
  setInstant([holder, value], 'lastRefresh', tokens.lastRefreshAt, holder === value && !camel(holder) ? 'last_refresh' : null);
  if (holder === value && !camel(holder)) {
    if (!memberName(value, 'accountId')) setText(value, 'accountId', tokens.chatgptAccountId ?? '', 'account_id');
    if (!memberName(value, 'email')) setText(value, 'email', tokens.email ?? '', 'email');
  }
  return JSON.stringify(value, null, indentation(text)) + (text.endsWith('\n') ? '\n' : '');
}

function parse(text: string): FileRecord | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** OpenCode's short names count as neither; they exist already and are reused. */
const camel = (holder: FileRecord): boolean => 'accessToken' in holder || 'refreshToken' in holder;

function setText(record: FileRecord, field: FieldName, value: string, name: string): void {
  if (value !== '') record[memberName(record, field) ?? name] = value;
}

/** In the form in which it stands there: milliseconds, seconds or RFC 3339. `name`: added under it where it is missing; null: not added. */
function setInstant(records: readonly FileRecord[], field: FieldName, instant: number, name: string | null): void {
  if (instant <= 0) return;
  const record = records.find((candidate) => memberName(candidate, field) !== undefined);
  if (!record) {
    if (name !== null) records[0]![name] = new Date(instant).toISOString();
    return;
  }
  const member = memberName(record, field)!;
  record[member] = inFormOf(record[member], instant);
}

function inFormOf(former: unknown, instant: number): unknown {
  if (typeof former === 'number') return former < 1e11 ? Math.trunc(instant / 1000) : instant;
  if (typeof former === 'string' && /^\d+$/.test(former)) return String(Number(former) < 1e11 ? Math.trunc(instant / 1000) : instant);
  return new Date(instant).toISOString();
}

const indentation = (text: string): string => /^\s*[{[]\r?\n([ \t]+)"/.exec(text.replace(/^\uFEFF/, ''))?.[1] ?? '';
