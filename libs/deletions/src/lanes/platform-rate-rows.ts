import type { EntityManager } from 'typeorm';
import { rows } from '@app/database';
import type { PlatformRate } from '../pacing/platform-rate.js';

/**
 * Locks the platforms whose rate WeChat has told, until the transaction ends. Lanes are always locked before.
 * @returns those platforms by id
 */
export async function lockPlatforms(tx: EntityManager, platformIds: string[]): Promise<Map<string, PlatformRate>> {
  if (platformIds.length === 0) return new Map();
  const found = await rows<{ platformId: string; nextSlotMs: number; calls: number; seconds: number }>(
    tx,
    `SELECT platform_id AS "platformId", (extract(epoch FROM next_slot_at) * 1000)::float8 AS "nextSlotMs",
       learned_calls AS calls, learned_seconds AS seconds
     FROM platform_pacing WHERE platform_id = ANY($1) AND learned_calls > 0 ORDER BY platform_id FOR UPDATE`,
    [platformIds],
  );
  return new Map(
    found.map(({ platformId, nextSlotMs, calls, seconds }) => [
      platformId,
      { platformId, nextSlotMs, rate: { calls, seconds } },
    ]),
  );
}

export async function savePlatform(tx: EntityManager, { platformId, nextSlotMs }: PlatformRate): Promise<void> {
  await tx.query(`UPDATE platform_pacing SET next_slot_at = to_timestamp($2::float8 / 1000) WHERE platform_id = $1`, [
    platformId,
    nextSlotMs,
  ]);
}
