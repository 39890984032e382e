import { Module, type DynamicModule } from '@nestjs/common';
import { ApiKeys } from './keys/api-keys.js';
import { AuditHeads } from './audit/audit-heads.js';
import { AuditLog } from './audit/audit-log.js';
import { Idempotency } from './idempotency/idempotency.js';
import { Sessions } from './sessions/sessions.js';
import { IssuedKeys, KEYS_PER_TENANT } from './keys/issued-keys.js';

const capabilities = [ApiKeys, AuditHeads, AuditLog, Idempotency, IssuedKeys, Sessions];

/** API keys, sessions, idempotency keys and the audit log. The data source comes from DatabaseModule. */
@Module({})
export class AccessModule {
  /** @param keysPerTenant 0: as many as it likes */
  static forRoot({ keysPerTenant }: { keysPerTenant: number }): DynamicModule {
    return {
      module: AccessModule,
      providers: [...capabilities, { provide: KEYS_PER_TENANT, useValue: keysPerTenant }],
      exports: capabilities,
    };
  }
}
