import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { ApiKey, type Role } from './api-key.entity.js';

/** What a key may reach, by WeChat's names. Null: no limit. Where both are given, both must hold. */
export interface Limits {
  /** component_appids */
  platforms: string[] | null;
  /** authorizer_appids */
  merchants: string[] | null;
}

/** Who makes a request. */
export interface Principal {
  apiKeyId: string;
  role: Role;
  scope: Limits;
}

/** What a key looks like: long enough that nobody guesses it and that its plain hash is safe to store. */
export const API_KEY_PATTERN = /^rk_[A-Za-z0-9_-]{32,128}$/;

const BOOTSTRAP_NAME = 'bootstrap';
const USE_NOTED_EVERY_MS = 60_000;

@Injectable()
export class ApiKeys {
  private readonly logger = new Logger(ApiKeys.name);
  /** Keys whose use was written down within the last minute. */
  private readonly noted = new LRUCache<string, true>({ max: 10_000, ttl: USE_NOTED_EVERY_MS });

  constructor(private readonly dataSource: DataSource) {}

  /** Undefined when there is no such key, or it was revoked, or its time is over. */
  async authenticate(key: string): Promise<Principal | undefined> {
    if (!API_KEY_PATTERN.test(key)) return undefined;
    const [found] = await rows<Pick<ApiKey, 'id' | 'role' | 'platforms' | 'merchants'>>(
      this.dataSource,
      `SELECT id, role, platforms, merchants FROM api_keys
       WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [hashOf(key)],
    );
    if (!found) return undefined;
    const { id, role, platforms, merchants } = found;
    this.noteUse(id);
    return { apiKeyId: id, role, scope: { platforms, merchants } };
  }

  /** Makes sure that the key from the settings works, as an admin's. Several processes may do it at once. */
  async bootstrap(key: string): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(ApiKey)
      .values({ id: uuidv7(), name: BOOTSTRAP_NAME, keyHash: hashOf(key), role: 'admin', isBootstrap: true })
      .orIgnore()
      .execute();
  }

  /** Once a minute is enough to tell a key in use from a forgotten one, and no request waits for it. */
  private noteUse(id: string): void {
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

const hashOf = (key: string) => createHash('sha256').update(key).digest('base64url');
