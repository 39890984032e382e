export { accessEntities } from './entities.js';
export { AccessModule } from './access.module.js';
export { roles, type Role } from './principals/api-key.entity.js';
export { API_KEY_PATTERN, ApiKeys } from './keys/api-keys.js';
export { countedAs, type Principal } from './principals/principal.js';
export {
  ArchiveRefused,
  AuditArchives,
  endOf,
  firstUnjoined,
  isArchiveSigned,
  type ArchivedRows,
  type AuditArchive,
} from './audit/audit-archives.js';
export {
  BEFORE_ALL,
  CHAIN_START,
  hashOfEvent,
  lookAtChain,
  verifyChain,
  type ChainPlace,
  type ChainReport,
  type ChainVerdict,
} from './audit/audit-chain.js';
export { AuditEvent, type AuditData } from './audit/audit-event.entity.js';
export { isSigned, readHead, writeHead, type AuditHead } from './audit/audit-head.js';
export { AuditHeads } from './audit/audit-heads.js';
export {
  auditActions,
  AuditLog,
  auditSubjects,
  type Act,
  type Actor,
  type AuditFilter,
  type AuditReport,
} from './audit/audit-log.js';
export { archiveStates, AuditVerification, headStates, type RecentVerdict } from './audit/audit-verification.js';
export {
  AccessError,
  ApiKeyNotFound,
  ApiKeyRevoked,
  ApiKeysTooMany,
  IdempotencyKeyInUse,
  IdempotencyKeyReused,
  LastAdminKey,
  LimitsTooWide,
  SessionNotFound,
  SignInFailed,
} from './errors.js';
export { Idempotency, type Answer } from './idempotency/idempotency.js';
export { IssuedKeys, type IssuedKey, type KeyChanges, type KeyWish } from './keys/issued-keys.js';
export { mayAct } from './principals/roles.js';
export { Sessions, type SessionView, type SignIn } from './sessions/sessions.js';
