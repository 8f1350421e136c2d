/** A JSON object of an account file. */
export type FileRecord = Record<string, unknown>;

/** Every name under which the known tools keep a member; the first that is there counts. */
export const FIELDS = {
  accessToken: ['access_token', 'accessToken', 'access', 'token'],
  refreshToken: ['refresh_token', 'refreshToken', 'rk', 'refresh'],
  idToken: ['id_token', 'idToken'],
  accountId: ['chatgpt_account_id', 'chatgptAccountId', 'account_id', 'accountId'],
  userId: ['chatgpt_user_id', 'chatgptUserId', 'user_id', 'userId'],
  email: ['email'],
  plan: ['plan_type', 'planType', 'chatgpt_plan_type', 'plan'],
  expiry: ['expired', 'expires_at', 'expiresAt', 'expires', 'expire'],
  lastRefresh: ['last_refresh', 'lastRefresh', 'last_refresh_at'],
} as const;

export type FieldName = keyof typeof FIELDS;

export const isRecord = (value: unknown): value is FileRecord => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Present and not blank; `""`, null and false count as left out. */
const isFilled = (value: unknown): boolean => (typeof value === 'string' && value !== '') || (typeof value === 'number' && value !== 0);

/** The member's own name in this record, or undefined. */
export const memberName = (record: FileRecord, field: FieldName): string | undefined =>
  FIELDS[field].find((name) => isFilled(record[name]));

export const textOf = (record: FileRecord, field: FieldName): string => {
  const value = record[memberName(record, field) ?? ''];
  return typeof value === 'string' ? value : '';
};

/** Seconds until the year 5138, milliseconds since 1973: the two units cannot be mistaken for each other. */
const SECONDS_BELOW = 1e11;

/** RFC 3339, unix seconds or milliseconds, as number or text → epoch ms; 0 where it is missing, unreadable or before 1970. */
export const instantOf = (record: FileRecord, field: FieldName): number => {
  const value = record[memberName(record, field) ?? ''];
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
  const instant = Number.isNaN(number) ? Date.parse(String(value)) : number < SECONDS_BELOW ? number * 1000 : number;
  return instant > 0 && instant < Number.MAX_SAFE_INTEGER ? Math.trunc(instant) : 0;
};

/**
 * Where an object keeps its tokens: nested in `tokens` (official auth.json), `credentials` (exports) or `openai` (OpenCode),
 * or on its own level. The nested members come first, the outer ones fill in.
 */
export function tokenHolder(value: FileRecord): FileRecord {
  return [value.tokens, value.credentials, value.openai].find(isRecord) ?? value;
}
