import { invalidRequest } from '../../common/gateway-error.js';
import type { Input } from '../read-input.js';

export type RecoverRequest = { readonly email: string } | { readonly filePath: string } | { readonly all: true };

const FIELDS = ['email', 'file_path', 'all'];

/** Exactly one of `email`, `file_path` and `all: true`. @throws GatewayError `invalid_request` that names the field */
export function readRecoverRequest(body: Input): RecoverRequest {
  const names = Object.keys(body);
  const unknown = names.find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw invalidRequest(`There is no field ${unknown.slice(0, 100)}; send ${SHAPES}.`, unknown.slice(0, 100));
  if (names.length === 0) throw invalidRequest(`Say which accounts: ${SHAPES}.`, 'email');
  if (names.length > 1) throw invalidRequest(`Only one of the fields may be there: ${SHAPES}.`, names[1]);
  if ('all' in body) {
    if (body.all === true) return { all: true };
    throw invalidRequest('all must be true.', 'all');
  }
  if ('email' in body) return { email: text(body.email, 'email') };
  return { filePath: text(body.file_path, 'file_path') };
}

const SHAPES = '{"email": "…"}, {"file_path": "…"} or {"all": true}';

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 4_096) return value.trim();
  throw invalidRequest(`${name} must be text that is not empty.`, name);
}
