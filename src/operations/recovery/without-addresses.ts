import { redactText } from '../../common/redact.js';
import { masked } from '../shown.js';
import type { Recovery } from './account-recovery.service.js';

/** For callers who may not see addresses. Names of account files hold them, too. */
export const withoutAddresses = ({ email, renamed, ...result }: Recovery): Recovery => ({
  ...result,
  email: masked(email),
  ...(renamed && { renamed: renamed.map(redactText) }),
});
