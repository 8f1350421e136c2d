import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../database/portable-columns.js';

export type AccountState = 'active' | 'paused' | 'needs_login' | 'disabled' | 'retired';
/** `owned`: we rotate the refresh token. `shared`: somebody else does; we never rotate. */
export type Ownership = 'owned' | 'shared';

/** One credential. Identity is the pair (`chatgptAccountId`, `chatgptUserId`); the e-mail is a label: members of a team share an account id, and one person has several. */
@Entity('accounts')
@Index('accounts_identity', ['chatgptAccountId', 'chatgptUserId'], { unique: true })
@Index('accounts_user', ['chatgptUserId'])
@Index('accounts_refresh_due', ['state', 'accessExpiresAt'])
@Index('accounts_refresh_intent', ['refreshIntentAt'])
@Index('accounts_taken_out', ['takenOutAt'])
export class AccountEntity {
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id!: string;

  /** Empty until the first refresh of a credential that came as a bare refresh token. */
  @Column({ name: 'chatgpt_account_id', type: 'varchar', length: 128 })
  chatgptAccountId!: string;

  /** `provisional:<sha256 of the refresh token>` until the token names the user; never null. */
  @Column({ name: 'chatgpt_user_id', type: 'varchar', length: 160 })
  chatgptUserId!: string;

  @Column({ name: 'email', type: 'varchar', length: 320 })
  email!: string;

  @Column({ name: 'plan', type: 'varchar', length: 64 })
  plan!: string;

  @Column({ name: 'fedramp', type: 'boolean' })
  fedramp!: boolean;

  @Column({ name: 'ownership', type: 'varchar', length: 8 })
  ownership!: Ownership;

  @Column({ name: 'state', type: 'varchar', length: 16 })
  state!: AccountState;

  @Column({ name: 'state_reason', type: 'varchar', length: 120 })
  stateReason!: string;

  /** Redacted words of upstream that led to the state. */
  @Column({ name: 'state_evidence', type: 'text' })
  stateEvidence!: string;

  @Column({ name: 'state_since', type: 'bigint', transformer: epochMs })
  stateSince!: number;

  /** 0: no end. Of an inferred state: when the backend is asked again whether it still holds. */
  @Column({ name: 'state_until', type: 'bigint', transformer: epochMs })
  stateUntil!: number;

  /** When a verdict inferred from statuses last took it out of service; 0: never. Stays when the account comes back. */
  @Column({ name: 'taken_out_at', type: 'bigint', default: 0, transformer: epochMs })
  takenOutAt!: number;

  @Column({ name: 'draining', type: 'boolean' })
  draining!: boolean;

  /** Sealed by CredentialCipher; empty string where there is none. */
  @Column({ name: 'access_token', type: 'text' })
  accessToken!: string;

  @Column({ name: 'refresh_token', type: 'text' })
  refreshToken!: string;

  @Column({ name: 'id_token', type: 'text' })
  idToken!: string;

  /** `exp` of the access token; 0 where it is unknown. */
  @Column({ name: 'access_expires_at', type: 'bigint', transformer: epochMs })
  accessExpiresAt!: number;

  @Column({ name: 'last_refresh_at', type: 'bigint', transformer: epochMs })
  lastRefreshAt!: number;

  /** Grows by one with every change of the tokens; a writer names the generation it has seen. */
  @Column({ name: 'token_generation', type: 'integer' })
  tokenGeneration!: number;

  /** Process that may refresh now (empty: nobody) and until when. */
  @Column({ name: 'refresh_owner', type: 'varchar', length: 64 })
  refreshOwner!: string;

  @Column({ name: 'refresh_lease_until', type: 'bigint', transformer: epochMs })
  refreshLeaseUntil!: number;

  /** SHA-256 (hex) of the refresh token about to be spent; empty: no intent is open. Together with `refreshIntentAt`, which is 0 then. */
  @Column({ name: 'refresh_intent', type: 'varchar', length: 64 })
  refreshIntent!: string;

  @Column({ name: 'refresh_intent_at', type: 'bigint', transformer: epochMs })
  refreshIntentAt!: number;

  @Column({ name: 'refresh_failures', type: 'integer' })
  refreshFailures!: number;

  /** No refresh before this instant (back-off). */
  @Column({ name: 'refresh_not_before', type: 'bigint', transformer: epochMs })
  refreshNotBefore!: number;

  /** QuotaSnapshot as JSON; empty where nothing is known. */
  @Column({ name: 'quota', type: 'text' })
  quota!: string;

  @Column({ name: 'quota_at', type: 'bigint', transformer: epochMs })
  quotaAt!: number;

  @Column({ name: 'created_at', type: 'bigint', transformer: epochMs })
  createdAt!: number;

  @Column({ name: 'updated_at', type: 'bigint', transformer: epochMs })
  updatedAt!: number;
}
