import { Redis } from 'ioredis';
import type { System } from './system.js';

/** Everything that BullMQ keeps is gone. */
export async function loseQueue(system: System): Promise<void> {
  const url = system.environment.QUEUE_URL ?? '';
  if (!url.startsWith('redis')) {
    await system.sql('DROP SCHEMA bullmq CASCADE');
    return;
  }
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
}
