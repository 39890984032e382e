export type { Backoff } from './backoff.js';
export type { QueueOptions } from './backend.js';
export {
  GiveUp,
  JobDataInvalid,
  JobHandlersIncomplete,
  JobStalled,
  QueueError,
  QueueUnavailable,
  QueueUrlInvalid,
  RetryAfter,
} from './errors.js';
export { JobQueues, type JobItem, type QueueCounts } from './job-queues.js';
export {
  JobRunner,
  type GaveUpHook,
  type JobContext,
  type JobHandler,
  type JobHandlers,
  type JobRunnerOptions,
} from './job-runner.js';
export type { CallSlot } from './call-slots.js';
export { jobs, queues, type JobData, type JobName, type QueueName } from './jobs.js';
export { QueueModule } from './queue.module.js';
export { queueShortage, type QueueShortage } from './shortage.js';
export { isQueueAway, whyNoQueue } from './why-no-queue.js';
