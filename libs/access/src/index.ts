import { ApiKey } from './api-key.entity.js';
import { AuditEvent } from './audit-event.entity.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

/** For DatabaseModule.forRoot. */
export const accessEntities = [ApiKey, AuditEvent, IdempotencyKey];

export { AccessModule } from './access.module.js';
export { type Role } from './api-key.entity.js';
export { API_KEY_PATTERN, ApiKeys, type Limits, type Principal } from './api-keys.js';
export { CHAIN_START, verifyChain, type ChainVerdict } from './audit-chain.js';
export { AuditEvent, type AuditData } from './audit-event.entity.js';
export { AuditLog, type Act, type Actor } from './audit-log.js';
export { AccessError, IdempotencyKeyInUse, IdempotencyKeyReused } from './errors.js';
export { Idempotency, type Answer } from './idempotency.js';
export { mayAct } from './roles.js';
