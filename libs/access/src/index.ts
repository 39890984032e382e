import { ApiKey } from './api-key.entity.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

/** For DatabaseModule.forRoot. */
export const accessEntities = [ApiKey, IdempotencyKey];

export { AccessModule } from './access.module.js';
export { type Role } from './api-key.entity.js';
export { API_KEY_PATTERN, ApiKeys, type Principal } from './api-keys.js';
export { AccessError, IdempotencyKeyInUse, IdempotencyKeyReused } from './errors.js';
export { Idempotency, type Answer } from './idempotency.js';
export { mayAct } from './roles.js';
