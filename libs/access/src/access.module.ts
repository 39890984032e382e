import { Module, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '@app/database';
import { AuditHeads } from './audit/audit-heads.js';
import { AuditLog } from './audit/audit-log.js';
import { AuditVerification } from './audit/audit-verification.js';
import { accessEntities } from './entities.js';
import { Idempotency } from './idempotency/idempotency.js';
import { ApiKeys } from './keys/api-keys.js';
import { IssuedKeys, KEYS_PER_TENANT } from './keys/issued-keys.js';
import { Sessions } from './sessions/sessions.js';

const services = [ApiKeys, AuditHeads, AuditLog, AuditVerification, Idempotency, IssuedKeys, Sessions];

/** API keys, sessions, idempotency keys and the audit log. */
@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature(accessEntities)],
  providers: services,
  exports: services,
})
export class AccessModule {
  /** @param keysPerTenant 0: as many as it likes */
  static settings({ keysPerTenant }: { keysPerTenant: number }): ValueProvider[] {
    return [{ provide: KEYS_PER_TENANT, useValue: keysPerTenant }];
  }
}
