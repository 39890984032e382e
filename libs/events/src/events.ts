import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { NewEvent } from './event-types.js';

/** What happened, in order, for those who want to know: written in the transaction that made it happen. */
@Injectable()
export class Events {
  async append(tx: EntityManager, { type, platformId, merchantId, data }: NewEvent): Promise<void> {
    await tx.query(`INSERT INTO events (id, type, platform_id, merchant_id, data) VALUES ($1, $2, $3, $4, $5)`, [
      uuidv7(),
      type,
      platformId,
      merchantId ?? null,
      JSON.stringify(data),
    ]);
  }
}
