import { SandboxAccount, createSandboxAccount } from './sandbox-account.js';

/** One credential file in the format that `auth-dir` imports. */
export interface SandboxAccountFile {
  readonly name: string;
  /** JSON text. */
  readonly content: string;
}

/** `user1@example.com`, `user2@…`: to be given to `startCodexBackend({ accounts })` and to `sandboxAccountFiles` alike, so that the backend knows the tokens of the files. */
export const sandboxAccounts = (count: number, now = Date.now()): SandboxAccount[] =>
  Array.from({ length: count }, (_, i) => createSandboxAccount(i + 1, { now }));

/** The files of these accounts. */
export const sandboxAccountFiles = (accounts: readonly SandboxAccount[]): SandboxAccountFile[] => accounts.map(sandboxAccountFile);

/** The file of one account, with the tokens it holds. */
export function sandboxAccountFile(account: SandboxAccount): SandboxAccountFile {
  const content = {
    type: 'codex',
    email: account.email,
    account_id: account.accountId,
    id_token: account.idToken,
    access_token: account.accessToken,
    refresh_token: account.refreshToken,
    last_refresh: new Date(account.issuedAt).toISOString(),
    expired: new Date(account.accessTokenExpiresAt).toISOString(),
    plan_type: account.plan,
  };
  return { name: `codex-${account.email}-${account.plan}.json`, content: `${JSON.stringify(content, null, 2)}\n` };
}
