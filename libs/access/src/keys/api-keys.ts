import { hash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { databaseShortage, prepared, rows } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { ApiKey } from '../principals/api-key.entity.js';
import type { Principal } from '../principals/principal.js';
import { AuditLog, type Act, type Actor } from '../audit/audit-log.js';
import { RecentLookups, REMEMBERED_MS } from './recent-lookups.js';

/** The form of a key. It is long enough that nobody guesses it and that its plain hash is safe to store. */
export const API_KEY_PATTERN = /^rk_[A-Za-z0-9_-]{32,128}$/;

const USE_NOTED_EVERY_MS = 60_000;

/** A scrape has ten seconds, as a rule. */
const RECALLED_AFTER_MS = 2_000;

/** Keys as they are presented, and the two that are there before anybody could have issued one. */
@Injectable()
export class ApiKeys {
  private readonly logger = new Logger(ApiKeys.name);
  private readonly lookups = new RecentLookups();
  /** Keys whose use was written down within the last minute. */
  private readonly noted = new LRUCache<string, true>({ max: 10_000, ttl: USE_NOTED_EVERY_MS });

  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
  ) {}

  /** Undefined when there is no such key, or it was revoked, or its time is over. */
  async authenticate(key: string): Promise<Principal | undefined> {
    if (!API_KEY_PATTERN.test(key)) return undefined;
    const keyHash = hashOfKey(key);
    return this.lookups.principalOf(keyHash, () => this.find(keyHash));
  }

  /**
   * The same for what is most wanted while Postgres does not answer, and tells nothing of anybody: then it is whoever
   * this process let in last by that key. One that was taken away in the meantime is let in until Postgres is back.
   */
  async authenticateOrRecall(key: string): Promise<Principal | undefined> {
    const last = API_KEY_PATTERN.test(key) ? this.lookups.letInLast(hashOfKey(key)) : undefined;
    if (!last) return this.authenticate(key);
    const asked = this.authenticate(key).catch((error: unknown) => {
      if (databaseShortage(error)) return last;
      throw error;
    });
    let timer: NodeJS.Timeout | undefined;
    const recalled = new Promise<Principal>((resolve) => (timer = setTimeout(resolve, RECALLED_AFTER_MS, last)));
    return Promise.race([asked, recalled]).finally(() => clearTimeout(timer));
  }

  /** Whether this process has let the key in before; it may have ended since. Nobody gets there by guessing. */
  wasLetIn(key: string): boolean {
    return API_KEY_PATTERN.test(key) && this.lookups.wasLetIn(hashOfKey(key));
  }

  private async find(keyHash: string): Promise<Principal | undefined> {
    const [found] = await prepared<
      Pick<ApiKey, 'id' | 'role' | 'platforms' | 'merchants' | 'tenant' | 'expiresAt'> & { isWorking: boolean }
    >(
      this.dataSource.manager,
      'authenticate',
      `SELECT id, role, platforms, merchants, tenant, expires_at AS "expiresAt", ${IS_WORKING} AS "isWorking"
       FROM api_keys
       WHERE key_hash = $1`,
      [keyHash],
    );
    if (!found?.isWorking) return undefined;
    const { id, role, platforms, merchants, tenant, expiresAt } = found;
    this.noteUse(id);
    return { apiKeyId: id, role, scope: { platforms, merchants }, tenant, expiresAt };
  }

  /** Whether the key that was let in before, and the session if it came with one, would be let in now. */
  async isWorking({ apiKeyId, sessionId }: Pick<Principal, 'apiKeyId' | 'sessionId'>): Promise<boolean> {
    const found = await rows(this.dataSource, `SELECT 1 FROM api_keys WHERE ${IS_LET_IN}`, [
      apiKeyId,
      sessionId ?? null,
    ]);
    return found.length > 0;
  }

  /**
   * Makes sure that the key from the settings works, as an admin's, and that the one that stood there before it works
   * no more. A key that was revoked stays so: an old process that starts again must not bring it back. One that was
   * issued before is taken if it is an admin's without limits and without an end. Several processes may do it at once;
   * for the one that did it, the key that was replaced works in no process when this returns.
   * @returns whether it works as that
   */
  async bootstrap(key: string): Promise<boolean> {
    const { isTaken, hasReplaced } = await this.takeTheSettings(key);
    this.lookups.forgetMissed(hashOfKey(key));
    if (hasReplaced) await untilForgotten();
    return isTaken;
  }

  private takeTheSettings(key: string): Promise<{ isTaken: boolean; hasReplaced: boolean }> {
    return this.dataSource.transaction(async (tx) => {
      await lockKeys(tx);
      const [made] = await rows<{ id: string }>(
        tx,
        `INSERT INTO api_keys (id, name, key_hash, role, is_bootstrap) VALUES ($1, 'bootstrap', $2, 'admin', true)
         ON CONFLICT (key_hash) DO NOTHING RETURNING id`,
        [uuidv7(), hashOfKey(key)],
      );
      const [own] = await rows<{ id: string }>(
        tx,
        `UPDATE api_keys SET is_bootstrap = true
         WHERE key_hash = $1 AND ${IS_WORKING} AND ${IS_FULL_ADMIN} RETURNING id`,
        [hashOfKey(key)],
      );
      if (!own) return { isTaken: false, hasReplaced: false };
      if (made) await this.audit.append(tx, startOf(own.id), createdAtStart(own.id, 'bootstrap'));
      const replaced = await rows<{ id: string; name: string }>(
        tx,
        `UPDATE api_keys SET revoked_at = now()
         WHERE is_bootstrap AND id <> $1 AND revoked_at IS NULL RETURNING id, name`,
        [own.id],
      );
      for (const { id, name } of replaced) {
        await this.audit.append(tx, startOf(own.id), {
          action: 'api_key.revoked',
          subjectType: 'api_key',
          subjectId: id,
          data: { name, replaced_by: own.id },
        });
      }
      return { isTaken: true, hasReplaced: replaced.length > 0 };
    });
  }

  /**
   * An admin's key for a deployment that has none yet; of several processes that start at once one gets it. It can be
   * kept only now.
   * @param keep is given the key before it works; if that fails, there is none
   */
  async first(keep: (key: string) => Promise<void> = () => Promise.resolve()): Promise<string | undefined> {
    return this.dataSource.transaction(async (tx) => {
      await lockKeys(tx);
      const [any] = await rows(tx, `SELECT id FROM api_keys LIMIT 1`);
      if (any) return undefined;
      const key = newKey();
      const id = uuidv7();
      await tx.insert(ApiKey, { id, name: 'first', keyHash: hashOfKey(key), role: 'admin' });
      await this.audit.append(tx, startOf(id), createdAtStart(id, 'first'));
      await keep(key);
      return key;
    });
  }

  /**
   * Once a minute is enough to tell a key in use from a forgotten one, and no request waits for it. Nor is it noted
   * while a process remembers the key, which is a second.
   */
  noteUse(id: string): void {
    if (this.noted.has(id)) return;
    this.noted.set(id, true);
    this.dataSource
      .query(
        `UPDATE api_keys SET last_used_at = now()
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - $2 * interval '1 ms')`,
        [id, USE_NOTED_EVERY_MS],
      )
      .catch((error: unknown) => this.logger.warn('use of an API key not noted', { api_key_id: id, error }));
  }
}

/**
 * When this is over, no process lets in a key whose end was committed before. With room for a timer that comes early.
 */
export const untilForgotten = () => delay(REMEMBERED_MS + 100);

/** On a row of api_keys. */
export const IS_WORKING = '(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))';

/** On a row of api_keys: whether it is that of parameter 1, and works, and so does the session of parameter 2, if any. */
export const IS_LET_IN = `(id = $1 AND ${IS_WORKING} AND ($2::uuid IS NULL OR EXISTS (
  SELECT 1 FROM sessions s WHERE s.id = $2 AND s.api_key_id = $1 AND s.expires_at > now())))`;

/** On a row of api_keys: an admin's that reaches everything, for ever. */
export const IS_FULL_ADMIN = `(role = 'admin' AND platforms IS NULL AND merchants IS NULL AND expires_at IS NULL)`;

export const newKey = () => `rk_${randomBytes(32).toString('base64url')}`;

export const hashOfKey = (key: string) => hash('sha256', key, 'base64url');

/** Changes of keys take turns, so that two of them never take the last of something at the same time. */
export async function lockKeys(tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('api_keys', 0))`);
}

/** A process that acts by itself at its start acts with the key that it then has. */
const startOf = (apiKeyId: string): Actor => ({
  apiKeyId,
  role: 'admin',
  scope: EVERYTHING,
  tenant: null,
  expiresAt: null,
  requestId: `start-${uuidv7()}`,
  ip: 'local',
});

const createdAtStart = (id: string, name: string): Act => ({
  action: 'api_key.created',
  subjectType: 'api_key',
  subjectId: id,
  data: { name, role: 'admin', platforms: null, merchants: null, expires_at: null },
});
