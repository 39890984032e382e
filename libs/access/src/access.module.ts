import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { AuditHeads } from './audit-heads.js';
import { AuditLog } from './audit-log.js';
import { Idempotency } from './idempotency.js';
import { IssuedKeys } from './issued-keys.js';

const capabilities = [ApiKeys, AuditHeads, AuditLog, Idempotency, IssuedKeys];

/** Who may ask, what was asked already, and who did what. Takes its data source from DatabaseModule. */
@Module({ providers: capabilities, exports: capabilities })
export class AccessModule {}
