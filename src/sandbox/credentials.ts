import { BackendState } from './backend-state.js';
import { RecordedRequest } from './recorded-request.js';
import { Refusal } from './refusal.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { unauthorized, wrongWorkspace } from './scenarios/errors.js';

/** Whose call this is, or why it is refused: unknown, ended or expired token, somebody else's workspace. */
export function authenticate(
  authorization: string | undefined,
  record: RecordedRequest,
  state: BackendState,
  nowMs: number,
): { account: SandboxAccountState } | { refusal: Refusal } {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  const grant = token === undefined ? undefined : state.accounts.access(token);
  if (!grant) return { refusal: unauthorized('unauthorized') };
  const { account } = grant;
  record.account = account.key;
  account.counts.requests++;
  const code = grant.refusedWith ?? (nowMs >= grant.expiresAt ? 'token_expired' : null);
  if (code) {
    account.counts.unauthorized++;
    return { refusal: unauthorized(code) };
  }
  const workspace = record.headers['chatgpt-account-id'];
  const wrong = workspace !== undefined && workspace !== account.identity.accountId;
  return wrong ? { refusal: wrongWorkspace() } : { account };
}
