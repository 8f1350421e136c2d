/** An answer other than a turn: what the backend says when it refuses. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is a string, else as JSON. */
  readonly body: unknown;
}

/** `{"detail": …}`: the words of the gateway in front of the model service. */
export const detail = (status: number, text: unknown): Refusal => ({ status, body: { detail: text } });

/** `{"error": {…}}`: the words of the Responses API. */
export const apiError = (
  status: number,
  message: string,
  options: { type?: string; param?: string | null; code?: string | null } = {},
): Refusal => ({
  status,
  body: { error: { message, type: options.type ?? 'invalid_request_error', param: options.param ?? null, code: options.code ?? null } },
});

export const invalid = (message: string, param: string | null, code: string | null = null): Refusal =>
  apiError(400, message, { param, code });

export const html = (status: number, body: string, headers: Record<string, string> = {}): Refusal => ({
  status,
  headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare', ...headers },
  body,
});

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`. */
export function quotedList(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  if (quoted.length < 3) return quoted.join(' and ');
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}

export const invalidValue = (value: unknown, supported: readonly string[], param: string): Refusal =>
  invalid(`Invalid value: '${String(value)}'. Supported values are: ${quotedList(supported)}.`, param, 'invalid_value');

export const missing = (param: string): Refusal => invalid(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');

export const wrongType = (param: string, expected: string, value: unknown): Refusal =>
  invalid(`Invalid type for '${param}': expected ${expected}, but got ${typeName(value)} instead.`, param, 'invalid_type');

const MAX_LENGTH = 64;

export const tooLong = (param: string, value: string): Refusal | null =>
  value.length <= MAX_LENGTH
    ? null
    : invalid(
        `Invalid '${param}': string too long. Expected a string with maximum length ${MAX_LENGTH}, but got a string with length ${value.length} instead.`,
        param,
        'string_above_max_length',
      );

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The first refusal of a list of checks, in their order. */
export function firstRefusal(checks: Iterable<Refusal | null>): Refusal | null {
  for (const check of checks) if (check) return check;
  return null;
}
