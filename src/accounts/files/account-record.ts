import { createHash } from 'node:crypto';
import { FieldName, FileRecord, instantOf, isRecord, textOf, tokenHolder } from './account-file-fields.js';
import { claimsOfTokens, headerSafe, label } from './account-jwt.js';
import type { Ownership } from '../storage/account.entity.js';

/** One credential as a file, an upload or a login gave it. Instants in epoch ms, 0 unknown. */
export interface ParsedAccount {
  /** Where it starts in the text, from 1. */
  line: number;
  chatgptAccountId: string;
  /** `provisional:<sha256>` where no token names the user. */
  chatgptUserId: string;
  email: string;
  plan: string;
  fedramp: boolean;
  accessToken: string;
  refreshToken: string;
  idToken: string;
  accessExpiresAt: number;
  /** When these tokens were issued, as far as they say: decides which of two logins is newer. */
  lastRefreshAt: number;
  ownership: Ownership;
  /** The file says `disabled: true`. */
  disabled: boolean;
  /** An official auth.json: the CLI that wrote it may be using the same login. */
  official: boolean;
  /** SHA-256 (hex) of the refresh token, else of the access token. */
  tokenHash: string;
}

/** What is wrong with one record; holds nothing of the record's secrets. */
export class RecordFault extends Error {}

export const PROVISIONAL = 'provisional:';
export const isProvisional = (chatgptUserId: string): boolean => chatgptUserId.startsWith(PROVISIONAL);
export const tokenHashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const isOlder = (a: number, b: number): boolean => a > 0 && b > 0 && a < b;

type LoginDates = Pick<ParsedAccount, 'lastRefreshAt' | 'accessExpiresAt'>;

/** Which of two logins is newer: by when they were issued; where that does not tell them apart, by when they end. */
export const isNewer = (a: LoginDates, b: LoginDates): boolean =>
  isOlder(b.lastRefreshAt, a.lastRefreshAt) ||
  ((b.lastRefreshAt === 0 || b.lastRefreshAt === a.lastRefreshAt) && isOlder(b.accessExpiresAt, a.accessExpiresAt));

const MAX_TOKEN = 16_384;
const TYPES = ['codex', 'oauth', 'chatgpt', 'openai', 'openai-codex'];
const PLATFORMS = ['openai', 'codex', 'chatgpt', 'openai-codex'];

/** @throws RecordFault */
export function parseRecord(value: unknown, line: number): ParsedAccount {
  if (typeof value === 'string') return fromRecord(bareToken(value), line, false);
  if (!isRecord(value)) throw new RecordFault('not an object');
  checkKind(value);
  const holder = tokenHolder(value);
  if (holder === value.openai) checkKind(holder);
  const record = holder === value ? value : { ...value, ...holder };
  if (!textOf(record, 'accessToken') && !textOf(record, 'refreshToken')) throw new RecordFault(whyNoToken(value));
  return fromRecord(record, line, holder === value.tokens && 'OPENAI_API_KEY' in value);
}

function fromRecord(record: FileRecord, line: number, official: boolean): ParsedAccount {
  const accessToken = token(record, 'accessToken').replace(/^Bearer /i, '');
  const refreshToken = token(record, 'refreshToken');
  const idToken = token(record, 'idToken');
  const claims = claimsOfTokens(accessToken, idToken);
  const tokenHash = tokenHashOf(refreshToken || accessToken);
  return {
    line,
    chatgptAccountId: claims.chatgptAccountId || headerSafe(textOf(record, 'accountId'), 128),
    chatgptUserId: claims.chatgptUserId || headerSafe(textOf(record, 'userId'), 128) || PROVISIONAL + tokenHash,
    email: claims.email || label(textOf(record, 'email'), 320),
    plan: claims.plan || label(textOf(record, 'plan'), 64),
    fedramp: claims.fedramp ?? false,
    accessToken,
    refreshToken,
    idToken,
    accessExpiresAt: accessToken ? claims.expiresAt || instantOf(record, 'expiry') : 0,
    lastRefreshAt: Math.max(claims.issuedAt, instantOf(record, 'lastRefresh')),
    ownership: record.ownership === 'shared' ? 'shared' : 'owned',
    disabled: record.disabled === true,
    official,
    tokenHash,
  };
}

/** A token with a space or a line break would break the header that carries it. */
function token(record: FileRecord, field: FieldName): string {
  const value = textOf(record, field);
  const name = field.replace('Token', ' token');
  if (value.length > MAX_TOKEN) throw new RecordFault(`${name} is longer than ${MAX_TOKEN} characters`);
  if (value && !/^(Bearer )?[\x21-\x7e]+$/i.test(value)) throw new RecordFault(`${name} contains characters that no token has`);
  return value;
}

function checkKind(value: FileRecord): void {
  const { type, platform, provider } = value;
  if (typeof type === 'string' && type !== '' && !TYPES.includes(type.toLowerCase())) {
    throw new RecordFault(`type "${shown(type)}" is not a Codex account`);
  }
  const owner = [platform, provider].find((entry): entry is string => typeof entry === 'string' && entry !== '');
  if (owner !== undefined && !PLATFORMS.includes(owner.toLowerCase())) throw new RecordFault(`platform "${shown(owner)}" is not OpenAI`);
}

const shown = (text: string): string => label(text, 40);

function whyNoToken(value: FileRecord): string {
  if (typeof value.OPENAI_API_KEY === 'string' && value.OPENAI_API_KEY !== '') {
    return 'holds an API key only; this service needs a ChatGPT login (codex login)';
  }
  return 'has neither an access token nor a refresh token';
}

/** `Bearer x`, a JWT (access token), or a refresh token known by its prefix. */
function bareToken(text: string): FileRecord {
  const value = text.trim().replace(/^Bearer\s+/i, '');
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(value)) return { access_token: value };
  if (/^(rt_|oaistb_rt_|v1\.)/.test(value)) return { refresh_token: value };
  throw new RecordFault('neither JSON nor a token of a known form');
}
