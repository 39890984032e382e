import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { isWithin, type Scope } from '@app/scope';
import type { ApiKey, Role } from '../principals/api-key.entity.js';
import { hashOfKey, IS_FULL_ADMIN, IS_LET_IN, IS_WORKING, lockKeys, newKey, untilForgotten } from './api-keys.js';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import {
  ApiKeyNotFound,
  ApiKeyRevoked,
  ApiKeysTooMany,
  CallersKeyEnded,
  LastAdminKey,
  LimitsTooWide,
} from '../errors.js';

export type IssuedKey = Omit<ApiKey, 'keyHash' | 'isBootstrap'> & { state: 'active' | 'expired' | 'revoked' };

export interface KeyWish {
  name: string;
  role: Role;
  /** Undefined: as the issuer's own. */
  platforms?: readonly string[] | null | undefined;
  merchants?: readonly string[] | null | undefined;
  expiresAt?: Date | null | undefined;
}

/** Undefined: as it was. */
export interface KeyChanges {
  name?: string | undefined;
  expiresAt?: Date | null | undefined;
}

/** For IssuedKeys: keys that a tenant may have; 0: as many as it likes. */
export const KEYS_PER_TENANT = Symbol('KEYS_PER_TENANT');

/**
 * Keys as their admins see them. An admin with limits sees, issues and revokes keys within these limits only, and none
 * gives a key a longer life than its own. A tenant's admins have so many between them; the provider's are theirs to
 * count. At any time one admin's key without limits and without an end works: without it nobody could mend the rest.
 */
@Injectable()
export class IssuedKeys {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    @Inject(KEYS_PER_TENANT) private readonly perTenant: number,
  ) {}

  /** @returns the key itself as well, which is stored nowhere @throws CallersKeyEnded, LimitsTooWide, ApiKeysTooMany */
  async issue(actor: Actor, wish: KeyWish): Promise<{ key: string; issued: IssuedKey }> {
    const { name, role } = wish;
    const limits = {
      platforms: wish.platforms === undefined ? actor.scope.platforms : wish.platforms,
      merchants: wish.merchants === undefined ? actor.scope.merchants : wish.merchants,
    };
    if (!isWithin(limits, actor.scope)) throw new LimitsTooWide();
    const key = newKey();
    const id = uuidv7();
    const issued = await this.dataSource.transaction(async (tx) => {
      const end = await takeTurn(tx, actor);
      const { expiresAt = end } = wish;
      if (outlasts(expiresAt, end)) throw new LimitsTooWide();
      if (actor.tenant !== null) await this.keepCeiling(tx, actor.tenant);
      await tx.query(
        `INSERT INTO api_keys (id, name, key_hash, role, platforms, merchants, expires_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, name, hashOfKey(key), role, limits.platforms, limits.merchants, expiresAt, actor.apiKeyId],
      );
      await this.audit.append(tx, actor, {
        action: 'api_key.created',
        subjectType: 'api_key',
        subjectId: id,
        data: { name, role, ...limits, expires_at: expiresAt?.toISOString() ?? null },
      });
      return this.get(actor.scope, id, tx);
    });
    return { key, issued };
  }

  /** One that has ended counts for a day more: issuing and revoking in turn leads nowhere. @throws ApiKeysTooMany */
  private async keepCeiling(tx: EntityManager, tenant: string, besides: string | null = null): Promise<void> {
    if (this.perTenant === 0) return;
    const [beyond] = await rows(
      tx,
      `SELECT id FROM api_keys WHERE tenant = $1 AND LEAST(revoked_at, expires_at, now()) > now() - interval '1 day'
         AND id IS DISTINCT FROM $3 OFFSET $2 LIMIT 1`,
      [tenant, this.perTenant - 1, besides],
    );
    if (beyond) throw new ApiKeysTooMany(this.perTenant);
  }

  /** Newest first. `after`: the id after which the page starts. */
  async list(scope: Scope, { limit, after }: { limit: number; after?: string | undefined }): Promise<IssuedKey[]> {
    return rows(
      this.dataSource,
      `${SELECT_KEY} WHERE ${WITHIN} AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
      [scope.platforms, scope.merchants, after ?? null, limit],
    );
  }

  /** @throws ApiKeyNotFound also for one beyond the scope */
  async get(scope: Scope, id: string, tx: EntityManager = this.dataSource.manager): Promise<IssuedKey> {
    const [key] = await rows<IssuedKey>(tx, `${SELECT_KEY} WHERE ${WITHIN} AND id = $3`, [
      scope.platforms,
      scope.merchants,
      id,
    ]);
    if (!key) throw new ApiKeyNotFound(id);
    return key;
  }

  /**
   * A new end holds everywhere when this returns.
   * @throws CallersKeyEnded, ApiKeyNotFound, ApiKeyRevoked, LimitsTooWide, LastAdminKey, ApiKeysTooMany
   */
  async change(actor: Actor, id: string, { name, expiresAt }: KeyChanges): Promise<IssuedKey> {
    const changed = await this.dataSource.transaction(async (tx) => {
      const end = await takeTurn(tx, actor);
      const key = await this.get(actor.scope, id, tx);
      if (key.revokedAt) throw new ApiKeyRevoked(id);
      if (expiresAt !== undefined && outlasts(expiresAt, end)) throw new LimitsTooWide();
      if (expiresAt) await this.keepAnAdmin(tx, key);
      if (key.state === 'expired' && actor.tenant !== null && key.tenant !== null)
        await this.keepCeiling(tx, key.tenant, id);
      await tx.query(`UPDATE api_keys SET name = $2, expires_at = $3 WHERE id = $1`, [
        id,
        name ?? key.name,
        expiresAt === undefined ? key.expiresAt : expiresAt,
      ]);
      await this.audit.append(tx, actor, {
        action: 'api_key.updated',
        subjectType: 'api_key',
        subjectId: id,
        data: { name, ...(expiresAt !== undefined && { expires_at: expiresAt?.toISOString() ?? null }) },
      });
      return this.get(actor.scope, id, tx);
    });
    if (expiresAt !== undefined) await untilForgotten();
    return changed;
  }

  /**
   * For good: when this returns, no process lets the key in. Revoking it again changes nothing.
   * @throws CallersKeyEnded, ApiKeyNotFound, LastAdminKey
   */
  async revoke(actor: Actor, id: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await takeTurn(tx, actor);
      const key = await this.get(actor.scope, id, tx);
      if (key.revokedAt) return;
      await this.keepAnAdmin(tx, key);
      await tx.query(`UPDATE api_keys SET revoked_at = now() WHERE id = $1`, [id]);
      await this.audit.append(tx, actor, {
        action: 'api_key.revoked',
        subjectType: 'api_key',
        subjectId: id,
        data: { name: key.name },
      });
    });
    await untilForgotten();
  }

  /** @throws LastAdminKey when the service would be left without an admin once this key works no more */
  private async keepAnAdmin(tx: EntityManager, leaving: IssuedKey): Promise<void> {
    const counts = leaving.role === 'admin' && leaving.state === 'active' && !leaving.platforms && !leaving.merchants;
    if (!counts) return;
    const [other] = await rows(
      tx,
      `SELECT id FROM api_keys WHERE id <> $1 AND ${IS_FULL_ADMIN} AND ${IS_WORKING} LIMIT 1`,
      [leaving.id],
    );
    if (!other) throw new LastAdminKey();
  }
}

/**
 * The caller was let in a moment ago, and its key may have been taken away since: then it does nothing more.
 * @returns when the caller's own key ends @throws CallersKeyEnded
 */
async function takeTurn(tx: EntityManager, { apiKeyId, sessionId }: Actor): Promise<Date | null> {
  await lockKeys(tx);
  const [own] = await rows<{ expiresAt: Date | null }>(
    tx,
    `SELECT expires_at AS "expiresAt" FROM api_keys WHERE ${IS_LET_IN}`,
    [apiKeyId, sessionId ?? null],
  );
  if (!own) throw new CallersKeyEnded();
  return own.expiresAt;
}

/** An end is a limit as well: otherwise a key could make itself, or another like it, last for ever. */
function outlasts(end: Date | null, other: Date | null): boolean {
  return other !== null && (end === null || end > other);
}

/** On a row of api_keys: parameters 1 and 2 are the limits of the one who asks; see isWithin. */
export const WITHIN = `($1::text[] IS NULL OR platforms <@ $1) AND ($2::text[] IS NULL OR merchants <@ $2)`;

const SELECT_KEY = `
  SELECT id, name, role, platforms, merchants, tenant, expires_at AS "expiresAt", last_used_at AS "lastUsedAt",
    created_by AS "createdBy", created_at AS "createdAt", revoked_at AS "revokedAt",
    CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN ${IS_WORKING} THEN 'active' ELSE 'expired' END AS state
  FROM api_keys`;
