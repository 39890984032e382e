import { RedisQueueBackend } from 'bullmq';
import { Command } from 'ioredis';
import type { CatalogueQueue } from './queue-connections.js';

const THEIRS = 'maxmemory_policy:';
const OURS = 'retract_maxmemory_policy:';

// BullMQ looks for that line of INFO on every connection that it opens, and writes of it on the console, among our
// JSON.
Command.setReplyTransformer('info', (reply: unknown) =>
  typeof reply === 'string' ? reply.replace(new RegExp(`^${THEIRS}`, 'm'), OURS) : reply,
);

/** The policy by which Redis makes room when its memory is full, if it may throw jobs away. */
export async function evictionPolicy(queue: CatalogueQueue): Promise<string | undefined> {
  const backend = queue.getBackend();
  if (!(backend instanceof RedisQueueBackend)) return undefined;
  const client = await backend.client;
  const policy = new RegExp(`^${OURS}([a-z-]+)`, 'm').exec(await client.info())?.[1];
  return policy === 'noeviction' ? undefined : policy;
}
