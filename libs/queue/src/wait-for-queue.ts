import { reach, Unfit, Unreachable } from '@app/settings';
import { QueueUnavailable, QueueUnfit } from './errors.js';
import { JobQueues } from './job-queues.js';
import { QueueConnections } from './queue-connections.js';
import { queueShortage, type QueueShortage } from './shortage.js';

/** The settings of an app that say where its queue is. */
interface QueueSettings {
  DATABASE_URL: string;
  QUEUE_URL?: string | undefined;
}

/** The database is looked at by itself. */
const settingOf = ({ QUEUE_URL }: QueueSettings) => (QUEUE_URL ? 'QUEUE_URL' : 'DATABASE_URL');

/**
 * For an app that runs jobs: it has nothing to do without a queue, and waits a short time for it.
 * @throws QueueUnfit, Unfit, Unreachable
 */
export async function waitForQueue(
  settings: QueueSettings,
  logger: { warn(message: string, facts: object): void },
  patienceMs?: number,
): Promise<void> {
  const setting = settingOf(settings);
  const options = { url: settings.QUEUE_URL ?? settings.DATABASE_URL };
  const connections = new QueueConnections(options);
  let queues: JobQueues | undefined;
  const ask = async () => {
    const policy = await connections.meet(setting);
    queues ??= JobQueues.open(options);
    await queues.ping();
    return policy;
  };
  try {
    const maxmemory_policy = await reach(setting, ask, {
      isAway: isQueueAway,
      onWait: (reason) => logger.warn('the queue is away, the start waits for it', { setting, reason }),
      ...(patienceMs !== undefined && { patienceMs }),
    });
    if (maxmemory_policy)
      logger.warn('a full Redis may throw jobs away: use noeviction', { setting, maxmemory_policy });
  } catch (error) {
    const reason = whyNoQueue(setting, error instanceof Unreachable ? error.cause : error);
    throw reason ? new QueueUnfit(reason, { cause: error }) : error;
  } finally {
    await queues?.close();
  }
}

/**
 * For an app that only adds jobs: it accepts what is asked while the queue is away, but does not begin with one that can
 * never be used.
 * @throws Unfit
 */
export async function refuseUnfitQueue(settings: QueueSettings): Promise<void> {
  const connections = new QueueConnections({ url: settings.QUEUE_URL ?? settings.DATABASE_URL });
  await connections.meet(settingOf(settings)).catch((error: unknown) => {
    if (error instanceof Unfit) throw error;
  });
}

const WHAT: Record<Exclude<QueueShortage, 'queue_unavailable'>, string> = {
  queue_full: 'has no room',
  queue_read_only: 'takes no writes: a replica, or a server that cannot write its disk',
  queue_refused: 'refuses us: see docs/operations.md, The queue in Redis',
};

/**
 * A start that the queue stopped, in a line for whoever can mend it; undefined when it did not answer at all, or it was
 * something else.
 */
function whyNoQueue(setting: string, error: unknown): string | undefined {
  const shortage = queueShortage(error);
  if (!shortage || shortage === 'queue_unavailable') return undefined;
  return `The queue of ${setting} ${WHAT[shortage]} (${serverWords(error)}). Start again when that is mended.`;
}

/**
 * Whether a start that ended so may succeed a little later: rights and passwords stay wrong until somebody mends them.
 */
function isQueueAway(error: unknown): boolean {
  return error instanceof QueueUnavailable && queueShortage(error) !== 'queue_refused';
}

function serverWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? serverWords(error.cause) : error.message;
}
