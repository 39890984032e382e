import type { LoggerService } from '@nestjs/common';
import { isQueueAway, JobQueues, whyNoQueue } from '@app/queue';
import { reach, Unreachable } from '@app/settings';
import type { WorkerEnv } from './env.js';

/** The start cannot go on: the queue's server answers, and does not do what is needed. */
export class QueueUnfit extends Error {
  readonly code = 'queue_unfit';
  override readonly name = 'QueueUnfit';
}

/**
 * The api starts without it, and accepts what is asked; a worker has nothing to do then.
 * @throws QueueUnfit, Unreachable
 */
export async function waitForQueue(
  { QUEUE_URL, DATABASE_URL }: Pick<WorkerEnv, 'QUEUE_URL' | 'DATABASE_URL'>,
  logger: LoggerService,
  patienceMs?: number,
): Promise<void> {
  const setting = QUEUE_URL ? 'QUEUE_URL' : 'DATABASE_URL';
  const queues = JobQueues.open({ url: QUEUE_URL ?? DATABASE_URL });
  const ask = async () => {
    await queues.ping();
    return queues.evictionPolicy();
  };
  try {
    const maxmemory_policy = await reach(setting, ask, {
      isAway: isQueueAway,
      onWait: (reason) => void logger.warn('the queue is away, the start waits for it', { setting, reason }),
      ...(patienceMs !== undefined && { patienceMs }),
    });
    if (maxmemory_policy)
      logger.warn('a full Redis may throw jobs away: use noeviction', { setting, maxmemory_policy });
  } catch (error) {
    const reason = whyNoQueue(setting, error instanceof Unreachable ? error.cause : error);
    throw reason ? new QueueUnfit(reason, { cause: error }) : error;
  } finally {
    await queues.close();
  }
}
