import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { CHAIN_START, hashOfEvent, type AuditFacts } from './audit-chain.js';
import { AuditEvent, type AuditData } from './audit-event.entity.js';
import type { Principal } from './api-keys.js';
import type { Limits } from './limits.js';

/** Who acts, and in which request. */
export interface Actor extends Principal {
  requestId: string;
  /** As the connection shows it: behind a proxy, the proxy's. */
  ip: string;
}

export interface Act {
  /** `subject.verb`, in the past tense. */
  action:
    | 'access_token.lent'
    | 'api_key.created'
    | 'api_key.revoked'
    | 'api_key.updated'
    | 'merchant.limits_changed'
    | 'platform.registered'
    | 'platform.updated'
    | 'webhook_endpoint.created'
    | 'webhook_endpoint.deleted'
    | 'webhook_endpoint.secret_rotated'
    | 'webhook_endpoint.updated';
  subjectType: 'api_key' | 'merchant' | 'platform' | 'webhook_endpoint';
  /** The appid or id, as in our addresses. */
  subjectId: string;
  /** Whom it is about: keys with limits see the acts on what they may reach. */
  tenant?: { componentAppid?: string | undefined; authorizerAppid?: string | undefined };
  data?: AuditData;
}

@Injectable()
export class AuditLog {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Adds a row in the transaction of the act, so that neither is there without the other. Make it the last step: until the
   * transaction ends, every other append waits.
   */
  async append(tx: EntityManager, actor: Actor, act: Act): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('audit_events', 0))`);
    const [last] = await rows<{ hash: string }>(tx, `SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1`);
    const prevHash = last?.hash ?? CHAIN_START;
    const facts = factsOf(actor, act);
    await tx.insert(AuditEvent, { ...facts, prevHash, hash: hashOfEvent(facts, prevHash) });
  }

  /** Adds a row for an act that writes nothing else. */
  async record(actor: Actor, act: Act): Promise<void> {
    await this.dataSource.transaction((tx) => this.append(tx, actor, act));
  }

  /** Newest first, what was done to what is in scope. `before`: the number before which the page starts. */
  async list(scope: Limits, { limit, before }: { limit: number; before?: string | undefined }): Promise<AuditEvent[]> {
    return this.dataSource.manager.find(AuditEvent, {
      where: {
        ...(before !== undefined && { seq: LessThan(before) }),
        ...(scope.platforms && { componentAppid: In(scope.platforms) }),
        ...(scope.merchants && { authorizerAppid: In(scope.merchants) }),
      },
      order: { seq: 'DESC' },
      take: limit,
    });
  }
}

function factsOf(actor: Actor, { action, subjectType, subjectId, tenant, data = {} }: Act): AuditFacts {
  const { apiKeyId, role, requestId, ip } = actor;
  const { componentAppid = null, authorizerAppid = null } = tenant ?? {};
  const subject = { subjectType, subjectId, componentAppid, authorizerAppid };
  return { at: new Date(), apiKeyId, role, action, ...subject, requestId, ip, data };
}
