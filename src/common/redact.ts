/**
 * Takes secrets out of what is logged. Two nets: members whose name says that they hold a secret, and text that looks
 * like one. Pool account ids stay; e-mail addresses go.
 */
const SECRET_NAME =
  /^(authorization|proxy-authorization|cookie|set-cookie|(x-)?api[-_]?keys?|x-codex-turn-state|password|passphrase|secret|credentials?|code_verifier|encryption[-_]?key|db[-_]?dsn)$|(access|refresh|id|bearer|client|auth|session|csrf|admin)?[-_]?(token|secret|password)$/i;
/** Names that end like a secret but are counts. */
const HARMLESS_NAME = /^(max|input|output|total|cached|reasoning)[-_]?token/i;

/** Names of account files: the usual ones hold an address, and a fault that does not name its file helps nobody. */
const VERBATIM = new Set(['file']);

const SUSPECT = /[@%]|bearer|basic |eyJ|sk-|sess-|rt[._]|token|secret|password|api[-_]?key|code=|:\/\/\S*:/i;
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w\-.~+/=]{4,}/gi, '$1 [redacted]'],
  [/\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}/g, '[redacted]'],
  [/\b(?:sk|sess|rk|ak)-[\w-]{6,}/g, '[redacted]'],
  [/\brt[._][\w\-.]{8,}/g, '[redacted]'],
  [
    /(["']?\b(?:access_token|refresh_token|id_token|token|secret|password|api[-_]?key|code_verifier|code)["']?\s*[=:]\s*["']?)[^\s"'&,;}]{4,}/gi,
    '$1[redacted]',
  ],
  [/(:\/\/)[^\s/:@]*:[^\s/@]*@/g, '$1[redacted]@'],
  [/[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+/gi, '[email]'],
];

export const redactText = (text: string): string => {
  if (!SUSPECT.test(text)) return text;
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
};

const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;

const isSecretName = (name: string): boolean => SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);

const redactError = (error: Error, depth: number): Record<string, unknown> => {
  const { code, kind } = error as Error & { code?: unknown; kind?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' && { code }),
    ...(typeof kind === 'string' && { kind }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  };
};

/** A copy that may be logged: bounded in depth and width, errors as plain objects. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => redact(item, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value).slice(0, MAX_ENTRIES)) {
    clean[name] =
      isSecretName(name) && member != null && member !== '' && typeof member !== 'number' && typeof member !== 'boolean'
        ? '[redacted]'
        : VERBATIM.has(name) && typeof member === 'string'
          ? member
          : redact(member, depth + 1);
  }
  return clean;
};
