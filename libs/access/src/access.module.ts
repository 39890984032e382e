import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { Idempotency } from './idempotency.js';

/** Who may ask, and what was asked already. Takes its data source from DatabaseModule. */
@Module({ providers: [ApiKeys, Idempotency], exports: [ApiKeys, Idempotency] })
export class AccessModule {}
