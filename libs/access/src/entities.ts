import { ApiKey } from './principals/api-key.entity.js';
import { AuditEvent } from './audit/audit-event.entity.js';
import { DeferredAct } from './audit/audit-inbox.entity.js';
import { IdempotencyKey } from './idempotency/idempotency-key.entity.js';
import { Session } from './sessions/session.entity.js';
import { SignInToken } from './sessions/sign-in-token.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
export const accessEntities = [ApiKey, AuditEvent, IdempotencyKey, DeferredAct, Session, SignInToken];
