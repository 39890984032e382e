import type { CatalogueQueue } from './queue-connections.js';

/**
 * Whether the backend takes writes in the place of our queues, and lets us run scripts. @throws what the backend says
 */
export async function tryWrite(queue: CatalogueQueue): Promise<void> {
  await Promise.all([
    // Beside what BullMQ keeps of a queue, under a name that it does not know.
    queue.getBackend().setQueueMeta({ retract_tried_at: Date.now() }),
    queue.getJobState('no-such-job'),
  ]);
}
