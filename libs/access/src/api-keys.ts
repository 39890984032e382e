import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ApiKey, type Role } from './api-key.entity.js';

/** Who makes a request. */
export interface Principal {
  apiKeyId: string;
  role: Role;
}

/** What a key looks like: long enough that nobody guesses it and that its plain hash is safe to store. */
export const API_KEY_PATTERN = /^rk_[A-Za-z0-9_-]{32,128}$/;

const BOOTSTRAP_NAME = 'bootstrap';

@Injectable()
export class ApiKeys {
  constructor(private readonly dataSource: DataSource) {}

  /** Undefined when there is no such key, or it was revoked. */
  async authenticate(key: string): Promise<Principal | undefined> {
    if (!API_KEY_PATTERN.test(key)) return undefined;
    const found = await this.dataSource.manager.findOneBy(ApiKey, { keyHash: hashOf(key), revokedAt: IsNull() });
    return found ? { apiKeyId: found.id, role: found.role } : undefined;
  }

  /** Makes sure that the key from the settings works, as an admin's. Several processes may do it at once. */
  async bootstrap(key: string): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(ApiKey)
      .values({ id: uuidv7(), name: BOOTSTRAP_NAME, keyHash: hashOf(key), role: 'admin' })
      .orIgnore()
      .execute();
  }
}

const hashOf = (key: string) => createHash('sha256').update(key).digest('base64url');
