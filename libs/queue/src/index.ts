export type { Backoff } from './backoff.js';
export type { CallSlot } from './call-slots.js';
export {
  JobDataInvalid,
  JobHostMisplaced,
  QueueError,
  QueueUnavailable,
  QueueUnfit,
  QueueUrlInvalid,
  RetryAfter,
} from './errors.js';
export { JobHost, type JobContext, type JobHandlers } from './job-host.js';
export { JobHosts } from './job-hosts.js';
export { JobQueues, type JobItem, type QueueCounts } from './job-queues.js';
export { jobs, queues, type JobData, type JobName, type QueueName } from './jobs.js';
export type { QueueOptions } from './queue-connections.js';
export { QueueModule } from './queue.module.js';
export { queueShortage, type QueueShortage } from './shortage.js';
export { refuseUnfitQueue, waitForQueue } from './wait-for-queue.js';
