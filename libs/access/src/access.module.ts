import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { AuditLog } from './audit-log.js';
import { Idempotency } from './idempotency.js';

/** Who may ask, what was asked already, and who did what. Takes its data source from DatabaseModule. */
@Module({ providers: [ApiKeys, AuditLog, Idempotency], exports: [ApiKeys, AuditLog, Idempotency] })
export class AccessModule {}
