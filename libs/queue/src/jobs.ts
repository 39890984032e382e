import { z } from 'zod';
import { exponential, type Backoff } from './backoff.js';

/**
 * Queues are split by what must not wait for what. `concurrency` is jobs at a time per worker process; where jobs
 * release their call slots early (call-slots.ts), it is calls at a time, and up to twice as many more are being
 * prepared or written down.
 */
export const queues = {
  /** Calls to WeChat that take a message back. They mostly wait for an answer. */
  deletions: { concurrency: 20 },
  /** WeChat's pushes: tickets and grants must not wait behind deletions. */
  callbacks: { concurrency: 10 },
  /** Tokens that end soon, and facts that deletions wait for: they must not wait behind thousands of errands. */
  tokens: { concurrency: 10 },
  /** Jobs that make our rows agree with WeChat's again. Nobody waits for them, so they are gentle on WeChat. */
  upkeep: { concurrency: 3 },
  /** Copies of pushes for the provider's other systems, which may be slow or away. */
  forwards: { concurrency: 20 },
  /** Events for the provider's endpoints. Many, because most of the time is spent waiting for those that are slow. */
  webhooks: { concurrency: 50 },
} as const satisfies Record<string, { concurrency: number }>;

export type QueueName = keyof typeof queues;

interface JobDefinition {
  queue: QueueName;
  /** Ids and a request id only: a handler reads the row afresh, and no secret or stale copy lies in the queue. */
  schema: z.ZodType<{ request_id: string }>;
  /** How often the job is tried in all. A worker that was lost does not count. */
  attempts: number;
  backoff: Backoff;
}

const second = 1000;
const requestId = z.string().min(1).max(128);

/** Everything the system does in the background. Jobs outlive deploys: a schema only ever grows optional fields. */
export const jobs = {
  'deletion.run': {
    queue: 'deletions',
    schema: z.strictObject({ deletion_id: z.uuid(), request_id: requestId }),
    attempts: 6,
    backoff: exponential({ fromMs: second, toMs: 60 * second }),
  },
  // Looks are counted and timed in the row; a look that fails is one more reason for the next.
  'deletion.verify': {
    queue: 'upkeep',
    schema: z.strictObject({ deletion_id: z.uuid(), request_id: requestId }),
    attempts: 1,
    backoff: exponential({ fromMs: second, toMs: second }),
  },
  'callback.process': {
    queue: 'callbacks',
    schema: z.strictObject({ callback_event_id: z.uuid(), request_id: requestId }),
    attempts: 8,
    backoff: exponential({ fromMs: second, toMs: 300 * second }),
  },
  // From 10 s to 4 h between attempts, a day in all.
  'callback.forward': {
    queue: 'forwards',
    schema: z.strictObject({ callback_forward_id: z.uuid(), request_id: requestId }),
    attempts: 17,
    backoff: exponential({ fromMs: 10 * second, toMs: 4 * 3600 * second }),
  },
  // From 5 s to 4 h between attempts, 26 hours in all, give or take some for chance.
  'webhook.deliver': {
    queue: 'webhooks',
    schema: z.strictObject({ webhook_delivery_id: z.uuid(), request_id: requestId }),
    attempts: 19,
    backoff: exponential({ fromMs: 5 * second, toMs: 4 * 3600 * second }),
  },
  'authorizer.refresh-token': {
    queue: 'tokens',
    schema: z.strictObject({ merchant_id: z.uuid(), request_id: requestId }),
    attempts: 4,
    backoff: exponential({ fromMs: 5 * second, toMs: 60 * second }),
  },
  'merchant.read-facts': {
    queue: 'upkeep',
    schema: z.strictObject({ merchant_id: z.uuid(), request_id: requestId }),
    attempts: 4,
    backoff: exponential({ fromMs: 5 * second, toMs: 300 * second }),
  },
  // Whether and when it is tried again stands in the row.
  'merchant.read-awaited-facts': {
    queue: 'tokens',
    schema: z.strictObject({ merchant_id: z.uuid(), request_id: requestId }),
    attempts: 1,
    backoff: exponential({ fromMs: 5 * second, toMs: 300 * second }),
  },
  // A question that goes unanswered is asked again an hour later.
  'merchant.read-quota': {
    queue: 'upkeep',
    schema: z.strictObject({ merchant_id: z.uuid(), request_id: requestId }),
    attempts: 1,
    backoff: exponential({ fromMs: 5 * second, toMs: 300 * second }),
  },
  'platform.reconcile': {
    queue: 'upkeep',
    schema: z.strictObject({ platform_id: z.uuid(), request_id: requestId }),
    attempts: 4,
    backoff: exponential({ fromMs: 30 * second, toMs: 600 * second }),
  },
} as const satisfies Record<string, JobDefinition>;

export type JobName = keyof typeof jobs;
export type JobData<N extends JobName> = z.infer<(typeof jobs)[N]['schema']>;

export const queueNames = Object.keys(queues) as QueueName[];
